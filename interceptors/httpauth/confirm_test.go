package httpauth

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/clock"
)

type fixed struct{ creds *auth.Credentials }

func (f fixed) Credentials(context.Context) (*auth.Credentials, error) { return f.creds, nil }
func (f fixed) Refresh(context.Context, *auth.Credentials) (*auth.Credentials, error) {
	return f.creds, nil
}

type forbidding struct{ asked int }

func (f *forbidding) RoundTrip(r *http.Request) (*http.Response, error) {
	a := &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}
	if r.URL.Path == "/user" {
		f.asked++
		a.StatusCode = http.StatusOK
	}
	return a, nil
}

// What the server said is remembered for five seconds, by the clock that moves faster.
func TestAVerdictLastsFiveSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var jump time.Duration
		base := &forbidding{}
		rule := newConfirmation(Forbidden, "https://home.test/user", clock.Jumping(func() time.Duration { return jump }))
		transport := New(fixed{&auth.Credentials{AccessToken: "x"}}, base, WithOrigins("https://home.test"), WithRejected(rule.rejected))
		ask := func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://home.test/", nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = a.Body.Close()
		}
		for _, step := range []struct {
			sleep, jump time.Duration
			asked       int
		}{{0, 0, 1}, {4 * time.Second, 0, 1}, {time.Second, 0, 2}, {0, time.Hour, 3}, {0, -time.Hour, 3}, {5 * time.Second, -time.Hour, 4}} {
			time.Sleep(step.sleep)
			jump = step.jump
			if ask(); base.asked != step.asked {
				t.Errorf("after %v, with a jump of %v: %d questions, want %d", step.sleep, step.jump, base.asked, step.asked)
			}
		}
	})
}

func TestTheMemoryOfVerdictsIsBounded(t *testing.T) {
	t.Parallel()
	c := newConfirmation(Forbidden, "https://home.test/user", clock.Clock{})
	for range 1000 {
		creds := &auth.Credentials{AccessToken: "x"}
		v, ours := c.join(creds)
		if !ours {
			t.Fatal("another credential's verdict")
		}
		c.settle(creds, v, func() (known, rejected bool) { return true, false })
	}
	if len(c.verdicts) > maxVerdicts {
		t.Errorf("%d verdicts are remembered, want at most %d", len(c.verdicts), maxVerdicts)
	}
}

func TestAPanicInTheTransportLeavesNoVerdictBehind(t *testing.T) {
	t.Parallel()
	c := newConfirmation(Forbidden, "https://home.test/user", clock.Clock{})
	creds := &auth.Credentials{AccessToken: "x"}
	v, _ := c.join(creds)
	func() {
		defer func() { _ = recover() }()
		c.settle(creds, v, func() (known, rejected bool) { panic("transport") })
	}()
	<-v.done
	if _, ours := c.join(creds); !ours {
		t.Error("the next request does not ask")
	}
}
