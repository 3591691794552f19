package jupyterhub

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/internal/clock"
)

func TestAStartedLoginLastsTenMinutesByTheWallClock(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		jump, passes time.Duration // of the wall clock alone, and then of both
		lasts        bool
	}{
		{"at once", 0, 0, true},
		{"a moment before the end", 0, stateLife - 1, true},
		{"ten minutes", 0, stateLife, false},
		{"the machine slept for two hours", 2 * time.Hour, 0, false},
		{"another process, whose clock is half a minute behind", -30 * time.Second, 0, true},
		{"the wall clock was set back an hour", -time.Hour, 0, false},
		{"it was set back an hour, and the ten minutes are over", -time.Hour, stateLife, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var jump time.Duration
				a := &Auth{
					clock: clock.Jumping(func() time.Duration { return jump }),
					here:  &surroundings{apiToken: flow.SecretValue("own-token").Read, clientID: "service-svc", callback: "/oauth_callback"},
				}
				begun := httptest.NewRecorder()
				if err := a.beginLogin(begun, httptest.NewRequest(http.MethodGet, "/", nil)); err != nil {
					t.Fatal(err)
				}
				at, err := url.Parse(begun.Header().Get("Location"))
				if err != nil {
					t.Fatal(err)
				}
				back := httptest.NewRequest(http.MethodGet, "/", nil)
				for _, c := range begun.Result().Cookies() {
					back.AddCookie(c)
				}
				jump = tt.jump
				time.Sleep(tt.passes)
				state := at.Query().Get("state")
				if _, err := a.pendingLogin(back, a.stateCookie(state), state); (err == nil) != tt.lasts {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}
