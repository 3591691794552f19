package clientset_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jetway-go/jetway/clientset"
)

// lasting serves /events, whose first event comes at once and no other; /socket, an
// upgraded connection that echoes lines; and /slow, which answers when it is released.
type lasting struct {
	*httptest.Server
	arrived, release chan struct{}
}

func newLasting(t *testing.T, secure bool) *lasting {
	t.Helper()
	s := &lasting{arrived: make(chan struct{}, 8), release: make(chan struct{})}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/events":
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case "/socket":
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			for err == nil {
				_ = rw.Flush()
				var line string
				line, err = rw.ReadString('\n')
				_, _ = rw.WriteString(line)
			}
		case "/slow":
			s.arrived <- struct{}{}
			select {
			case <-s.release:
				_, _ = io.WriteString(w, "done")
			case <-r.Context().Done():
			}
		}
	}))
	s.EnableHTTP2 = secure
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *lasting) client(t *testing.T) *clientset.ClientSet {
	t.Helper()
	if s.EnableHTTP2 {
		return webClient(t, s.URL, clientset.WithInsecureSkipVerify())
	}
	return webClient(t, s.URL)
}

func (s *lasting) open(t *testing.T, cs *clientset.ClientSet, path string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cs.HTTPURL(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	if path == "/socket" {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
	}
	answer, err := cs.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// echo sends a line over an upgraded connection and reads it back.
func echo(t *testing.T, answer *http.Response) error {
	t.Helper()
	conn, ok := answer.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("the body of a 101 is a %T, want one to write to", answer.Body)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		return err
	}
	_, err := bufio.NewReader(conn).ReadString('\n')
	return err
}

func TestCloseEndsEveryHTTPRequest(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"plaintext": false, "TLS and HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLasting(t, secure)
			cs := s.client(t)
			events, socket := s.open(t, cs, "/events"), s.open(t, cs, "/socket") //nolint:bodyclose // open does it
			if err := echo(t, socket); err != nil {
				t.Fatal(err)
			}
			slow := make(chan error, 1)
			go func() {
				_, _, err := get(t.Context(), cs, "/slow")
				slow <- err
			}()
			<-s.arrived
			if err := cs.Close(); err != nil {
				t.Fatal(err)
			}
			if err := <-slow; !errors.Is(err, clientset.ErrClosed) {
				t.Errorf("a request under way ends with %v, want ErrClosed", err)
			}
			if _, err := io.ReadAll(events.Body); !errors.Is(err, clientset.ErrClosed) {
				t.Errorf("events end with %v, want ErrClosed", err)
			}
			if err := echo(t, socket); err == nil {
				t.Error("the upgraded connection is still open")
			}
			if _, _, err := get(t.Context(), cs, "/slow"); !errors.Is(err, clientset.ErrClosed) {
				t.Errorf("a request after Close ends with %v, want ErrClosed", err)
			}
		})
	}
}

func TestShutdownWaitsForRequestsAndThenClosesWhatStaysOpen(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"plaintext": false, "TLS and HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLasting(t, secure)
			// An ordinary request is waited for, and so is a socket that is closed in time.
			cs := s.client(t)
			socket := s.open(t, cs, "/socket")
			slow := make(chan error, 1)
			go func() {
				_, _, err := get(t.Context(), cs, "/slow")
				slow <- err
			}()
			<-s.arrived
			ended := make(chan error, 1)
			go func() { ended <- cs.Shutdown(t.Context()) }()
			select {
			case err := <-ended:
				t.Fatalf("Shutdown did not wait: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
			s.release <- struct{}{}
			if err := <-slow; err != nil {
				t.Errorf("the request under way: %v", err)
			}
			if err := echo(t, socket); err != nil {
				t.Errorf("the open socket: %v", err)
			}
			_ = socket.Body.Close()
			if err := <-ended; err != nil {
				t.Errorf("Shutdown: %v", err)
			}

			// What stays open is closed at the end of the context.
			for _, path := range []string{"/events", "/socket"} {
				cs := s.client(t)
				answer := s.open(t, cs, path) //nolint:bodyclose // open does it
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				if err := cs.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: Shutdown returns %v, want DeadlineExceeded", path, err)
				}
				cancel()
				if _, err := io.ReadAll(answer.Body); err == nil && path == "/events" {
					t.Errorf("%s is still open", path)
				}
			}
		})
	}
}

func TestAnAnswerThatWasReadOrClosedIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := api(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			_, _ = w.Write(make([]byte, 1<<20))
		}
	})
	for _, hc := range []*http.Client{nil, {Transport: wrapped{&http.Transport{}}}} {
		cs := webClient(t, s.URL, clientset.WithHTTPClient(hc))
		for _, path := range []string{"/empty", "/long", "/long"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cs.HTTPURL(path), nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := cs.HTTPClient().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			_ = answer.Body.Close() // twice is allowed
		}
		cs.HTTPClient().CloseIdleConnections()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := cs.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v, want no request under way", err)
		}
		if hc != nil {
			hc.CloseIdleConnections()
		}
	}
}

// wrapped is a transport of the program's that is not an *http.Transport.
type wrapped struct{ base *http.Transport }

func (w wrapped) RoundTrip(r *http.Request) (*http.Response, error) { return w.base.RoundTrip(r) }
func (w wrapped) CloseIdleConnections()                             { w.base.CloseIdleConnections() }

func TestCloseEndsRequestsOfAnyTransport(t *testing.T) {
	t.Parallel()
	s := newLasting(t, false)
	hc := &http.Client{Transport: wrapped{&http.Transport{}}}
	defer hc.CloseIdleConnections()
	cs := webClient(t, s.URL, clientset.WithHTTPClient(hc))
	events, socket := s.open(t, cs, "/events"), s.open(t, cs, "/socket") //nolint:bodyclose // open does it
	slow := make(chan error, 1)
	go func() {
		_, _, err := get(t.Context(), cs, "/slow")
		slow <- err
	}()
	<-s.arrived
	if err := cs.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-slow; !errors.Is(err, clientset.ErrClosed) {
		t.Errorf("a request under way ends with %v, want ErrClosed", err)
	}
	if _, err := io.ReadAll(events.Body); !errors.Is(err, clientset.ErrClosed) {
		t.Errorf("events end with %v, want ErrClosed", err)
	}
	if err := echo(t, socket); err != nil {
		t.Errorf("the upgraded connection, which is the program's: %v", err)
	}
}
