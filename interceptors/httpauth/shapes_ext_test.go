package httpauth_test

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/interceptors/httpauth"
)

// shapes are the requests in the table of docs/http.md, by its first column.
var shapes = map[string]struct {
	method, path string
	body         func() (body io.Reader, repeatable bool)
	upgrade      bool
}{
	"GET":                      {method: "GET", path: "/data"},
	"POST with GetBody":        {method: "POST", path: "/data", body: func() (io.Reader, bool) { return strings.NewReader(upload), true }},
	"POST without GetBody":     {method: "POST", path: "/data", body: func() (io.Reader, bool) { return sized{strings.NewReader(upload)}, false }},
	"chunked, without GetBody": {method: "POST", path: "/data", body: func() (io.Reader, bool) { return struct{ io.Reader }{strings.NewReader(upload)}, false }},
	"SSE":                      {method: "GET", path: "/events"},
	"websocket (HTTP/1.1)":     {method: "GET", path: "/socket", upgrade: true},
}

var upload = strings.Repeat("all of it. ", 10_000)

// sized is a body of known length that http.NewRequest does not know how to get again.
type sized struct{ io.Reader }

// system rejects every token up to one, in one of the ways of the table.
type system struct {
	*httptest.Server
	way string

	mu       sync.Mutex
	requests int // but those of /user
	asked    int // those of /user
	bodies   []string
	good     string // the token that is accepted
	proto    string
}

func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	good := r.Header.Get("Authorization") == "Bearer "+s.good
	s.proto = r.Proto
	if r.URL.Path == "/user" {
		s.asked++
	} else {
		s.requests++
		s.bodies = append(s.bodies, string(body))
	}
	s.mu.Unlock()
	switch {
	case good:
		s.serve(w, r)
	case s.way == "redirect to login":
		http.Redirect(w, r, "https://login.example.com/authorize?client_id=x&response_type=code", http.StatusFound)
	case s.way == "JupyterHub's 403":
		http.Error(w, "Action is not authorized with current scopes", http.StatusForbidden)
	default:
		http.Error(w, "no", http.StatusUnauthorized)
	}
}

func (s *system) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/events":
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
		}
	case "/socket":
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = rw.Flush()
		line, _ := rw.ReadString('\n')
		_, _ = rw.WriteString("echo " + line)
		_ = rw.Flush()
	default:
		_, _ = io.WriteString(w, "ok")
	}
}

// start serves a system by HTTP/1.1 or HTTP/2.
func start(t *testing.T, way string, http2 bool) *system {
	t.Helper()
	s := &system{way: way, good: secret(1)}
	if way == "rejected again" {
		s.good = "none"
	}
	s.Server = httptest.NewUnstartedServer(s)
	s.EnableHTTP2 = http2
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// Every cell of the table in docs/http.md is what happens.
func TestWhatIsRepeatedIsWhatThePageSays(t *testing.T) {
	t.Parallel()
	ways, rows := table(t)
	if len(rows) != len(shapes) || len(ways) != 4 {
		t.Fatalf("docs/http.md has %d requests and %d answers, want %d and 4", len(rows), len(ways), len(shapes))
	}
	for name, outcomes := range rows {
		for i, way := range ways {
			for _, http2 := range []bool{false, true} {
				if http2 && shapes[name].upgrade {
					continue // HTTP/2 has no upgrades
				}
				t.Run(fmt.Sprintf("%s/%s/http2=%v", name, way, http2), func(t *testing.T) {
					t.Parallel()
					check(t, name, way, outcomes[i], http2)
				})
			}
		}
	}
}

// table reads the columns and rows of what is repeated when.
func table(t *testing.T) (ways []string, rows map[string][]string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## What is repeated when\n")
	rows = map[string][]string{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) != 5 && ways != nil:
			return ways, rows
		case len(cells) != 5, strings.HasPrefix(cells[0], "---"):
		case ways == nil:
			ways = cells[1:]
		default:
			rows[cells[0]] = cells[1:]
		}
	}
	return ways, rows
}

func check(t *testing.T, name, way, outcome string, http2 bool) {
	t.Helper()
	shape, ok := shapes[name]
	if !ok {
		t.Fatalf("docs/http.md has a row %q that no test knows", name)
	}
	s := start(t, way, http2)
	src := newSource(bearer)
	rule := httpauth.Any(httpauth.Unauthorized, httpauth.LoginRedirect(), httpauth.Confirm(httpauth.Forbidden, s.URL+"/user"))
	client := s.Client()
	client.Transport = httpauth.New(src, client.Transport, httpauth.WithOrigins(s.URL), httpauth.WithRejected(rule))
	defer client.CloseIdleConnections()

	var body io.Reader
	sentBody := ""
	if shape.body != nil {
		var repeatable bool
		body, repeatable = shape.body()
		sentBody = upload
		if (request(t, shape.method, s.URL, body).GetBody != nil) != repeatable {
			t.Fatal("the request is not of the shape that it is to be")
		}
	}
	r := request(t, shape.method, s.URL+shape.path, body)
	if _, ok := body.(sized); ok {
		r.ContentLength = int64(len(upload))
	}
	if shape.upgrade {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
	}
	got, err := client.Do(r)

	requests := 2
	switch outcome {
	case "sent again":
		if err != nil {
			t.Fatal(err)
		}
		working(t, got, shape.path)
	case "second answer":
		if err != nil || got.StatusCode != http.StatusUnauthorized || read(t, got) != "no\n" {
			t.Fatalf("%v, %v, want the second 401 with its body", got, err)
		}
	case "error":
		requests = 1
		refused, ok := errors.AsType[*httpauth.Error](err)
		if !ok || !errors.Is(err, httpauth.ErrNotRepeated) || refused.Rejection == nil || read(t, refused.Rejection) == "" && way != "redirect to login" {
			t.Fatalf("%v, want ErrNotRepeated with the rejection", err)
		}
	default:
		t.Fatalf("docs/http.md says %q, which is no outcome", outcome)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requests != requests || src.refreshes.Load() != 1 {
		t.Errorf("%d requests and %d refreshes, want %d and 1", s.requests, src.refreshes.Load(), requests)
	}
	for i, b := range s.bodies {
		if b != sentBody {
			t.Errorf("request %d had a body of %d bytes with sum %x, want %d bytes", i+1, len(b), sha256.Sum256([]byte(b)), len(sentBody))
		}
	}
	if way == "JupyterHub's 403" && s.asked != 1 {
		t.Errorf("the hub was asked %d times whether the token is good, want once", s.asked)
	}
	if want := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]; s.proto != want {
		t.Errorf("the requests were made by %s, want %s", s.proto, want)
	}
}

// working uses an answer as its kind is used.
func working(t *testing.T, got *http.Response, path string) {
	t.Helper()
	switch path {
	case "/socket":
		conn, ok := got.Body.(io.ReadWriteCloser)
		if !ok || got.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%s with a body of type %T, want one to write to", got.Status, got.Body)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "hello\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != "echo hello\n" {
			t.Errorf("%q, %v over the upgraded connection", line, err)
		}
	case "/events":
		if text := read(t, got); text != "data: 0\n\ndata: 1\n\ndata: 2\n\n" {
			t.Errorf("the events are %q", text)
		}
	default:
		if text := read(t, got); got.StatusCode != http.StatusOK || text != "ok" {
			t.Errorf("%s: %q", got.Status, text)
		}
	}
}
