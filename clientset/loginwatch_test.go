package clientset

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestLoginWatchNamesServersThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	echo := errors.New("malformed HTTP response: the very secret that was sent") // net/http quotes servers
	for name, tc := range map[string]struct {
		transport answering
		want      string // the host that is told of
		err       error
	}{
		"an answer":            {func(*http.Request) (*http.Response, error) { return &http.Response{Body: http.NoBody}, nil }, "", nil},
		"no connection":        {func(*http.Request) (*http.Response, error) { return nil, refused }, "idp.example.com", refused},
		"an answer that is no": {func(*http.Request) (*http.Response, error) { return nil, echo }, "", nil},
		"no answer in time": {func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, "idp.example.com", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var w loginWatch
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://idp.example.com/token", nil)
				if err != nil {
					t.Fatal(err)
				}
				if resp, err := w.watch(&http.Client{Transport: tc.transport}).Do(r); err == nil {
					_ = resp.Body.Close()
				}
				last := w.last.Load()
				switch {
				case tc.want == "" && last.recent():
					t.Errorf("it tells of %v", last)
				case tc.want == "":
					return
				case !last.recent() || last.host != tc.want || !errors.Is(last.err, tc.err):
					t.Errorf("it tells of %+v, want %s and %v", last, tc.want, tc.err)
				}
				time.Sleep(time.Minute)
				if last.recent() {
					t.Error("and still does so a minute later")
				}
			})
		})
	}
}
