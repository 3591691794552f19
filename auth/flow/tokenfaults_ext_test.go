package flow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

func TestAnswersThatAreNoToken(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	tests := map[string]struct {
		answer   http.HandlerFunc
		want     []string
		code     string // RFC 6749
		rejected bool
	}{
		"web page":              {answers(502, "text/html; charset=utf-8", "<html>Bad gateway</html>"), []string{"HTTP 502 Bad Gateway, content type text/html, ", "web page"}, "", false},
		"web page with 200":     {answers(200, "text/html", "<html>log in</html>"), []string{"HTTP 200", "web page"}, "", false},
		"empty":                 {answers(200, js, ""), []string{"answer is empty"}, "", false},
		"empty 401":             {answers(401, js, ""), []string{"HTTP 401"}, "", true},
		"no content type":       {func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = nil }, []string{"HTTP 200 OK, no content type"}, "", false},
		"broken JSON":           {answers(200, js, `{"access_token":"x"`), []string{"HTTP 200 OK, content type application/json", "broken JSON"}, "", false},
		"JSON array":            {answers(200, js, `["x"]`), []string{"no JSON object"}, "", false},
		"no token":              {answers(200, js, `{"token_type":"bearer"}`), []string{"no access_token"}, "", false},
		"token of a wrong type": {answers(200, js, `{"access_token":7}`), []string{"access_token is not a string"}, "", false},
		"token with a line end": {answers(200, js, `{"access_token":"a\nb"}`), []string{"access_token contains a line break"}, "", false},
		"token too long":        {answers(200, js, `{"access_token":"`+strings.Repeat("x", 1<<17)+`"}`), []string{"longer than 64 KiB"}, "", false},
		"other case":            {answers(200, js, `{"Access_Token":"x"}`), []string{"no access_token"}, "", false},
		"mac token":             {answers(200, js, `{"access_token":"x","token_type":"mac"}`), []string{"token_type is mac", "only Bearer"}, "", false},
		"DPoP token":            {answers(200, js, `{"access_token":"x","token_type":"DPoP"}`), []string{"token_type is DPoP"}, "", false},
		"error with 200":        {answers(200, js, `{"error":"invalid_scope","access_token":"x"}`), []string{"invalid_scope", "check the scopes"}, "invalid_scope", true},
		"error as text":         {answers(400, "text/plain", `{"error":"unauthorized_client"}`), []string{"unauthorized_client", "allow this grant"}, "unauthorized_client", true},
		"error as a form":       {answers(400, "application/x-www-form-urlencoded", "error=invalid_client&error_description=no"), []string{"invalid_client", `"no"`}, "invalid_client", true},
		"overloaded":            {answers(503, js, `{"error":"temporarily_unavailable"}`), []string{"HTTP 503", "temporarily_unavailable"}, "temporarily_unavailable", false},
		"server error":          {answers(400, js, `{"error":"server_error"}`), []string{"server_error"}, "server_error", false},
		"refusal in a 500":      {answers(500, js, `{"error":"invalid_client"}`), []string{"HTTP 500"}, "invalid_client", false},
		"too many":              {answers(429, js, `{"error":"invalid_request"}`), []string{"HTTP 429"}, "invalid_request", false},
		"not found":             {answers(404, "text/plain", "404 page not found"), []string{"HTTP 404", "check the token endpoint's URL"}, "", false},
		"token in a failure":    {answers(500, js, goodToken), []string{"HTTP 500"}, "", false},
		"ten megabytes":         {answers(200, js, `{"access_token":"`+strings.Repeat("x", 10<<20)+`"}`), []string{"larger than 1 MiB"}, "", false},
		"long description": {
			answers(400, js, `{"error":"invalid_scope","error_description":"line\u0000one\r\nline two `+strings.Repeat("é", 600)+` the reason"}`),
			[]string{"line one line two ", "é…é", "é the reason"}, "invalid_scope", true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, env := tokenEndpoint(t, tc.answer)
			_, err := machine().Obtain(t.Context(), env, nil)
			te := (*flow.TokenError)(nil)
			if !errors.As(err, &te) {
				t.Fatalf("got %v, want a *TokenError", err)
			}
			contains(t, err.Error(), append(tc.want, "token endpoint "+te.Endpoint)...)
			if te.Code != tc.code || te.Temporary() == tc.rejected || errors.Is(err, auth.ErrRejected) != tc.rejected {
				t.Errorf("code %q, temporary %v, rejected %v", te.Code, te.Temporary(), errors.Is(err, auth.ErrRejected))
			}
			want := codes.Unavailable
			if tc.rejected {
				want = codes.Unauthenticated
			}
			if s, ok := status.FromError(fmt.Errorf("outer: %w", err)); !ok || s.Code() != want || status.Code(te) != want {
				t.Errorf("gRPC code %v and %v, want %v", s.Code(), status.Code(te), want)
			}
			if n := len([]rune(te.Description)); n > 400 {
				t.Errorf("description of %d characters", n)
			}
			if n := len(rec.requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestOddAnswersThatAreTokens(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	tests := map[string]struct {
		answer http.HandlerFunc
		life   time.Duration // zero: unknown
	}{
		"plain":              {answers(200, js, `{"access_token":"good","token_type":"Bearer","expires_in":60}`), time.Minute},
		"JSON called text":   {answers(200, "text/plain; charset=utf-8", ` {"access_token":"good","expires_in":60}`), time.Minute},
		"JSON called a form": {answers(200, "application/x-www-form-urlencoded", `{"access_token":"good","expires_in":60}`), time.Minute},
		"byte order mark":    {answers(200, js, "\ufeff"+`{"access_token":"good","expires_in":60}`), time.Minute},
		"type in capitals":   {answers(200, js, `{"access_token":"good","token_type":"BEARER","expires_in":60}`), time.Minute},
		"no content type":    {answers(200, "", `{"access_token":"good","expires_in":60}`), time.Minute},
		"form":               {answers(200, "application/x-www-form-urlencoded", "access_token=good&token_type=bearer&expires_in=60"), time.Minute},
		"201":                {answers(201, js, `{"access_token":"good","expires_in":60}`), time.Minute},
		"no lifetime":        {answers(200, js, `{"access_token":"good"}`), 0},
		"null lifetime":      {answers(200, js, `{"access_token":"good","expires_in":null,"refresh_token":null}`), 0},
		"negative lifetime":  {answers(200, js, `{"access_token":"good","expires_in":-5}`), 0},
		"negative text":      {answers(200, js, `{"access_token":"good","expires_in":"-5"}`), 0},
		"odd lifetime":       {answers(200, js, `{"access_token":"good","expires_in":"soon"}`), 0},
		"true lifetime":      {answers(200, js, `{"access_token":"good","expires_in":true}`), 0},
		"BearerToken":        {answers(200, js, `{"access_token":"good","token_type":"BearerToken","expires_in":60}`), time.Minute},
		"JWT":                {answers(200, js, `{"access_token":"good","token_type":"JWT","expires_in":60}`), time.Minute},
		"space in type":      {answers(200, js, `{"access_token":"good","token_type":"Bearer ","expires_in":60}`), time.Minute},
		"no type":            {answers(200, js, `{"access_token":"good","token_type":null,"expires_in":60}`), time.Minute},
		"false":              {answers(200, js, `{"access_token":"good","refresh_token":false,"error":false,"error_description":false,"expires_in":60}`), time.Minute},
		"null":               {answers(200, js, `{"access_token":"good","refresh_token":null,"error":null,"expires_in":60}`), time.Minute},
		"no error":           {answers(200, js, `{"access_token":"good","ok":true,"error":"","expires_in":60}`), time.Minute},
		"zero lifetime":      {answers(200, js, `{"access_token":"good","expires_in":0}`), 0},
		"text lifetime":      {answers(200, js, `{"access_token":"good","expires_in":"60"}`), time.Minute},
		"empty lifetime":     {answers(200, js, `{"access_token":"good","expires_in":""}`), 0},
		"fraction":           {answers(200, js, `{"access_token":"good","expires_in":60.9}`), time.Minute},
		"huge lifetime":      {answers(200, js, `{"access_token":"good","expires_in":1e300}`), (1<<31 - 1) * time.Second},
		"unknown fields":     {answers(200, js, `{"access_token":"good","expires_in":60,"scope":["a"],"id_token":{},"issued_token_type":7,"nested":{"error":"x"}}`), time.Minute},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, env := inMemoryEndpoint(tc.answer)
				c, err := machine().Obtain(t.Context(), env, nil)
				if err != nil {
					t.Fatal(err)
				}
				life := time.Duration(0)
				if !c.Expiry.IsZero() {
					life = time.Until(c.Expiry)
				}
				if _, value := c.Header(); value != "Bearer good" || life != tc.life || c.RefreshToken != "" {
					t.Errorf("got %q for %v, want the token for %v", value, life, tc.life)
				}
			})
		})
	}
}

func TestEnvClientIsNotChanged(t *testing.T) {
	t.Parallel()
	_, env := tokenEndpoint(t, grants(goodToken))
	before := *env.HTTP
	if _, err := machine().Obtain(t.Context(), env, nil); err != nil {
		t.Fatal(err)
	}
	if env.HTTP.Transport != before.Transport || env.HTTP.CheckRedirect != nil || env.HTTP.Timeout != 0 {
		t.Errorf("the caller's client became %+v", env.HTTP)
	}
}

func TestEnvNeedsNoClient(t *testing.T) {
	t.Parallel()
	_, env := tokenEndpoint(t, grants(goodToken))
	env.HTTP = nil
	defer http.DefaultClient.CloseIdleConnections()
	if _, err := machine().Obtain(t.Context(), env, nil); err != nil {
		t.Error(err)
	}
}

func TestHangingServerEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	slowBody := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for name, h := range map[string]http.HandlerFunc{
		"before the answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"inside the answer": slowBody,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, env := tokenEndpoint(t, h)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := machine().Obtain(ctx, env, nil)
			if !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
				t.Errorf("got %v with code %v, want the caller's deadline", err, status.Code(err))
			}

			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(20*time.Millisecond, cancel)
			_, err = machine().Obtain(ctx, env, nil)
			if !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled {
				t.Errorf("got %v with code %v, want the caller's cancellation", err, status.Code(err))
			}
		})
	}
}

// Our own time limit is the server's failure and passes; it must not look like
// the caller's deadline.
func TestOwnTimeLimitIsATransientError(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{"ours": 0, "the given client's": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec, env := inMemoryEndpoint(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
				env.HTTP.Timeout = limit
				start := time.Now()
				_, err := machine().Obtain(t.Context(), env, nil)
				want := limit
				if limit == 0 {
					want = 30 * time.Second
				}
				if took := time.Since(start); took != want || len(rec.requests()) != 1 {
					t.Errorf("gave up after %v and %d requests, want %v and one", took, len(rec.requests()), want)
				}
				if errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.Unavailable {
					t.Errorf("got %v with code %v, want Unavailable", err, status.Code(err))
				}
				contains(t, err.Error(), "no answer in time")
			})
		})
	}
}

func TestBrokenOffAnswer(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"access_token":"`)
	})
	_, err := machine().Obtain(t.Context(), env, nil)
	if !errors.Is(err, io.ErrUnexpectedEOF) || status.Code(err) != codes.Unavailable {
		t.Errorf("got %v with code %v", err, status.Code(err))
	}
	contains(t, err.Error(), "HTTP 200", "broke off")
	if n := len(rec.requests()); n != 1 {
		t.Errorf("%d requests, want 1: an answer had begun", n)
	}
}

func TestRefusedConnectionKeepsItsCause(t *testing.T) {
	t.Parallel()
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	// A connection has this port, so that no other program listens there meanwhile.
	taken, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.LocalAddr().String()
	env := auth.Env{HTTP: client(t), Config: &config{now: configstore.ClientConfig{TokenEndpoint: "http://" + address + "/token?key=query-canary"}}}
	ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond) // too short for a second try
	defer cancel()
	_, err = machine().Obtain(ctx, env, nil)
	op := (*net.OpError)(nil)
	if !errors.As(err, &op) || status.Code(err) != codes.Unavailable {
		t.Errorf("got %v with code %v, want a dial error", err, status.Code(err))
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("the URL's query shows up in %v", err)
	}
}

// A server that answers no HTTP gets its line quoted by net/http.
func TestAnswerThatIsNoHTTP(t *testing.T) {
	t.Parallel()
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := lis.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			n, _ := conn.Read(buf)
			_, body, _ := bytes.Cut(buf[:n], []byte("\r\n\r\n"))
			_, _ = conn.Write(append(body, "\r\n\r\n"...)) // echoes the form
			_ = conn.Close()
		}
	}()
	defer func() { _ = lis.Close(); <-done }()
	env := auth.Env{HTTP: client(t), Config: &config{now: configstore.ClientConfig{TokenEndpoint: "http://" + lis.Addr().String()}}}
	_, err = flow.Stored{}.Renew(t.Context(), env, person())
	if err == nil || strings.Contains(err.Error(), oldRefresh) {
		t.Errorf("got %v, want an error without the refresh token", err)
	}
	for _, e := range unwrapAll(err) {
		if strings.Contains(e.Error(), oldRefresh) {
			t.Errorf("%T holds the refresh token: %v", e, e)
		}
	}
}
