package introspect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/interceptors/serverauth/introspect"
)

// transport answers requests in place of a server.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(body string) transport {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func config(rt http.RoundTripper) introspect.Config {
	return introspect.Config{
		Endpoint: "https://login.example.com/introspect", ClientID: "service", ClientSecret: secret("service-secret"),
		Audience: audience, HTTP: &http.Client{Transport: rt},
	}
}

func newVerifier(t *testing.T, c introspect.Config) *introspect.Verifier {
	t.Helper()
	v, err := introspect.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOnlyAGoodAnswerIsAccepted(t *testing.T) {
	t.Parallel()
	good := fmt.Sprintf(`"sub":"ada","aud":%q`, audience)
	for body, want := range map[string]codes.Code{
		`{"active":true,` + good + `}`:                                             codes.OK,
		`{"active":true,` + good + `,"exp":4102444800,"token_type":"bearer"}`:      codes.OK,
		`{"active":true,` + good + `,"exp":1e300}`:                                 codes.OK,
		`{"active":true,` + good + `,"exp":null,"nbf":1}`:                          codes.OK,
		`{"active":true,` + good + `,"exp":1}`:                                     codes.Unauthenticated,
		`{"active":true,` + good + `,"exp":0}`:                                     codes.Unauthenticated,
		`{"active":true,` + good + `,"nbf":4102444800}`:                            codes.Unauthenticated,
		`{"active":true,` + good + `,"token_type":"DPoP"}`:                         codes.Unauthenticated,
		`{"active":true,` + good + `,"token_use":"refresh_token"}`:                 codes.Unauthenticated,
		`{"active":true,` + good + `,"cnf":{"jkt":"x"}}`:                           codes.Unauthenticated,
		`{"active":true,"aud":"greeter"}`:                                          codes.Unauthenticated, // no sub
		`{"active":true,"aud":"greeter","sub":7}`:                                  codes.Unauthenticated,
		`{"active":true,"aud":"greeter","sub":"","username":"ada"}`:                codes.Unauthenticated,
		`{"active":true,"sub":"ada","aud":["greeters","GREETER",{"a":"greeter"}]}`: codes.Unauthenticated,
		`{"active":false,` + good + `}`:                                            codes.Unauthenticated,
		`{"active":"true",` + good + `}`:                                           codes.Internal,
		`{"active":1,` + good + `}`:                                                codes.Internal,
		`{"ACTIVE":true,` + good + `}`:                                             codes.Internal,
		`{"active":true,` + good + `,"exp":"4102444800"}`:                          codes.Internal,
		`{"active":true,` + good + `,"exp":-1}`:                                    codes.Internal,
		`{"active":true,` + good + `,"nbf":[]}`:                                    codes.Internal,
		`{"active":true,` + good + `} {}`:                                          codes.Internal,
		`{"active":true,` + good + ``:                                              codes.Internal,
		`[{"active":true,` + good + `}]`:                                           codes.Internal,
		`{"result":{"active":true,` + good + `}}`:                                  codes.Internal,
		strings.Repeat(`{"a":`, 100_000):                                           codes.Internal,
		`null`:                                                                     codes.Internal,
		`true`:                                                                     codes.Internal,
		``:                                                                         codes.Internal,
	} {
		id, err := verify(t.Context(), newVerifier(t, config(answer(body))), "a-token")
		if status.Code(err) != want || (id.Subject == "ada") != (err == nil) {
			t.Errorf("%.100s: %+v, %v", body, id, err)
		}
	}
}

func TestTokensAndSecretsAreSentInTheRequestOnly(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var form string
	rt := transport(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		got, form = r, string(body)
		if err != nil {
			return nil, err
		}
		return answer(`{"active":false}`)(r)
	})
	for name, tt := range map[string]struct {
		change     func(*introspect.Config)
		form, auth string
	}{
		"in the header": {func(*introspect.Config) {}, "token=a%2Bb&token_type_hint=access_token", "Basic c2VydmljZTpzZXJ2aWNlLXNlY3JldA=="},
		"in the body": {
			func(c *introspect.Config) { c.SecretInBody = true },
			"client_id=service&client_secret=service-secret&token=a%2Bb&token_type_hint=access_token", "",
		},
		"by the HTTP client": {
			func(c *introspect.Config) { c.ClientSecret = nil },
			"client_id=service&token=a%2Bb&token_type_hint=access_token", "",
		},
	} {
		c := config(rt)
		c.HTTP.Jar, _ = cookiejar.New(nil)
		c.HTTP.Jar.SetCookies(mustURL(t, c.Endpoint), []*http.Cookie{{Name: "session", Value: "someone"}})
		tt.change(&c)
		_, _ = verify(t.Context(), newVerifier(t, c), "a+b")
		if got.Method != http.MethodPost || got.URL.String() != c.Endpoint || form != tt.form ||
			got.Header.Get("Authorization") != tt.auth || got.Header.Get("Cookie") != "" {
			t.Errorf("%s: %s %s, form %q, header %v", name, got.Method, got.URL, form, got.Header)
		}
	}
}

func TestErrorsQuoteNothingThatTheServerSent(t *testing.T) {
	t.Parallel()
	const token = "echoed-token"
	for name, rt := range map[string]transport{
		"no HTTP": func(*http.Request) (*http.Response, error) {
			return nil, errors.New("malformed HTTP response \"" + token + "\"")
		},
		"no JSON": answer(token),
		"a type":  answer(`{"active":"` + token + `"}`),
		"a code":  answer(`{"active":true,"aud":"` + token + `"}`),
		"closed early": func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("after %q: %w", token, io.ErrUnexpectedEOF)
		},
		"in the body": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(io.MultiReader(strings.NewReader("{"), failing{}))}, nil
		},
	} {
		_, err := verify(t.Context(), newVerifier(t, config(rt)), token)
		if err == nil || strings.Contains(err.Error(), token) || strings.Contains(status.Convert(err).Message(), token) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("bad chunk: echoed-token") }

func TestNetworkErrorsAreUnavailableAndSayWhy(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	c := config(transport(func(*http.Request) (*http.Response, error) { return nil, refused }))
	_, err := verify(t.Context(), newVerifier(t, c), "a-token")
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "ask https://login.example.com/introspect: dial tcp: connection refused") {
		t.Errorf("%v", err)
	}

	s := httptest.NewUnstartedServer(http.NotFoundHandler()) // its certificate is not trusted
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	defer s.Close()
	c = config(&http.Transport{DisableKeepAlives: true})
	c.Endpoint = s.URL
	if _, err = verify(t.Context(), newVerifier(t, c), "a-token"); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	var asked []string
	rt := transport(func(r *http.Request) (*http.Response, error) {
		token := r.PostFormValue("token")
		asked = append(asked, token)
		return answer(fmt.Sprintf(`{"active":true,"sub":%q,"aud":%q,"pad":%q}`, token, audience, strings.Repeat("x", len(token)/4*20_000)))(r)
	})
	c := config(rt)
	c.MaxEntries = 2
	v := newVerifier(t, c)
	for _, token := range []string{"a", "b", "a", "c", "a", "b", "a", "b", "large", "large"} { // c takes the place of b, and b that of c
		if id, err := verify(t.Context(), v, token); err != nil || id.Subject != token {
			t.Errorf("%s: %+v, %v", token, id, err)
		}
	}
	if got := strings.Join(asked, " "); got != "a b c b large "+"large" {
		t.Errorf("asked about %s", got)
	}
}

func TestCallsWithOneTokenAskOnceEachTimeTheAnswerExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := 0
		rt := transport(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			asked++
			mu.Unlock()
			time.Sleep(100 * time.Millisecond)
			return answer(`{"active":true,"sub":"ada","aud":"greeter"}`)(r)
		})
		v := newVerifier(t, config(rt))
		for round := 1; round <= 3; round++ {
			var calls sync.WaitGroup
			for range 20 {
				calls.Go(func() {
					if _, err := verify(t.Context(), v, "a-token"); err != nil {
						t.Error(err)
					}
				})
			}
			calls.Wait()
			if asked != round {
				t.Errorf("round %d: %d requests", round, asked)
			}
			time.Sleep(introspect.DefaultMaxAge)
		}
	})
}

func TestIdentifyDecidesWhoCalls(t *testing.T) {
	t.Parallel()
	c := config(answer(`{"active":true,"client_id":"batch","aud":"greeter"}`))
	c.Identify = func(claims map[string]any) (serverauth.Identity, error) {
		id, _ := claims["client_id"].(string)
		if id == "" {
			return serverauth.Identity{}, errors.New("no client_id")
		}
		delete(claims, "client_id")
		return serverauth.Identity{Subject: "client:" + id}, nil
	}
	v := newVerifier(t, c)
	for range 3 { // from the server, then from the cache
		if id, err := verify(t.Context(), v, "a-token"); err != nil || id.Subject != "client:batch" {
			t.Errorf("%+v, %v", id, err)
		}
	}
	for want, refusal := range map[codes.Code]error{
		codes.Unauthenticated:  errors.New("not on the list"),
		codes.PermissionDenied: status.Error(codes.PermissionDenied, "not on the list"),
	} {
		c.Identify = func(map[string]any) (serverauth.Identity, error) { return serverauth.Identity{Subject: "x"}, refusal }
		if id, err := verify(t.Context(), newVerifier(t, c), "a-token"); status.Code(err) != want || id.Subject != "" {
			t.Errorf("%+v, %v", id, err)
		}
	}
}

func TestSecretsThatCannotBeReadAreTheServicesFault(t *testing.T) {
	t.Parallel()
	for text, read := range map[string]func() (string, error){
		"read ClientSecret: no such file":          func() (string, error) { return "", errors.New("no such file") },
		"desc = vault":                             func() (string, error) { return "", status.Error(codes.PermissionDenied, "vault") },
		"read ClientSecret: the secret is empty":   func() (string, error) { return "", nil },
		"read ClientSecret: the function panicked": func() (string, error) { panic("a-secret") },
	} {
		c := config(answer(`{"active":true,"sub":"ada","aud":"greeter"}`))
		c.ClientSecret = read
		if _, err := verify(t.Context(), newVerifier(t, c), "a-token"); status.Code(err) != codes.Internal || !strings.HasSuffix(err.Error(), text) {
			t.Errorf("%v, want %s", err, text)
		}
	}
}

func TestCallersSeeThePublicTextOnly(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, config(answer(`{"active":"yes"}`)))
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer a-token"))
	_, err := serverauth.Unary(v)(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/example.Greeter/Greet"},
		func(context.Context, any) (any, error) { t.Error("the handler ran"); return "", nil })
	if st := status.Convert(err); st.Code() != codes.Internal || strings.Contains(st.Message(), "login.example.com") || strings.Contains(st.Message(), "boolean") {
		t.Errorf("%v", err)
	}
}

func TestNewNamesTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*introspect.Config){
		"Endpoint: not set":                        func(c *introspect.Config) { c.Endpoint = "" },
		"Endpoint: not a URL":                      func(c *introspect.Config) { c.Endpoint = "https://a b\x00" },
		"Endpoint: not an https URL":               func(c *introspect.Config) { c.Endpoint = "login.example.com/introspect" },
		"Endpoint: not an https URL with a host":   func(c *introspect.Config) { c.Endpoint = "https:///introspect" },
		"Endpoint: contains a user name":           func(c *introspect.Config) { c.Endpoint = "https://ada:s3cret@login.example.com" },
		"Endpoint: has a fragment":                 func(c *introspect.Config) { c.Endpoint += "#s3cret" },
		`Endpoint: plain http to "keycloak.local"`: func(c *introspect.Config) { c.Endpoint = "http://keycloak.local/introspect" },
		"ClientID: not set":                        func(c *introspect.Config) { c.ClientID = "" },
		"ClientSecret: not set":                    func(c *introspect.Config) { c.ClientSecret, c.HTTP = nil, nil },
		"Audience: not set":                        func(c *introspect.Config) { c.Audience = "" },
		"AnyAudience: ":                            func(c *introspect.Config) { c.AnyAudience = true },
		"MaxEntries: negative":                     func(c *introspect.Config) { c.MaxEntries = -1 },
		"Timeout: negative":                        func(c *introspect.Config) { c.Timeout = -1 },
	} {
		c := config(nil)
		change(&c)
		v, err := introspect.New(c)
		if v != nil || err == nil || !strings.HasPrefix(err.Error(), "introspect: "+want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:8080/introspect", "http://[::1]/i", "http://localhost/i", "https://login.example.com/i?tenant=a"} {
		c := config(nil)
		c.Endpoint = endpoint
		if _, err := introspect.New(c); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func ExampleNew() {
	verifier, err := introspect.New(introspect.Config{
		Endpoint:     "https://login.example.com/oauth2/introspect",
		ClientID:     "greeter-service",
		ClientSecret: func() (string, error) { return "read it from a file or a variable", nil },
		Audience:     "https://greeter.example.com",
		Scopes:       []string{"greet"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(verifier)),
		grpc.ChainStreamInterceptor(serverauth.Stream(verifier)),
	)
	s.Stop()
	// Output:
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
