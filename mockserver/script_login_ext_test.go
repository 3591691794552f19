package mockserver_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestTokenEndpointMisbehavesAsScripted(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	form := url.Values{"grant_type": {"client_credentials"}}
	s.Script().TokenEndpoint().Down(true)
	if code, _ := postToken(t, s, form); code != http.StatusServiceUnavailable {
		t.Errorf("down: %d", code)
	}
	s.Script().TokenEndpoint().Refuse(1, "invalid_grant")
	if code, body := postToken(t, s, form); code != http.StatusBadRequest || string(body) != `{"error":"invalid_grant"}` {
		t.Errorf("refused: %d %s", code, body)
	}
	s.Script().Reset()
	if code, _ := postToken(t, s, form); code != http.StatusOK {
		t.Errorf("after Reset: %d", code)
	}
	if n := s.TokenRequests(); n != 3 {
		t.Errorf("counted %d token requests", n)
	}
}

// The client gives up at its own deadline, and Close does not wait for the endpoint.
func TestCloseEndsHangingTokenRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory())
		s.Script().TokenEndpoint().Hang(true)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.TokenURL(), strings.NewReader("a=b"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		resp, err := s.HTTPClient().Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		stuck, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.TokenURL(), strings.NewReader("a=b"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			resp, err := s.HTTPClient().Do(stuck)
			if err == nil {
				_ = resp.Body.Close()
			}
		}()
		synctest.Wait()
	})
}

func TestSlowDelaysTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory())
		s.Script().TokenEndpoint().Slow(500 * time.Millisecond)
		start := time.Now()
		fetchToken(t, s)
		if took := time.Since(start); took != 500*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}
