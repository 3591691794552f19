package flow_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// unwrapAll returns err and everything it wraps.
func unwrapAll(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	switch u := err.(type) { //nolint:errorlint // this walks the tree itself
	case interface{ Unwrap() error }:
		all = append(all, unwrapAll(u.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			all = append(all, unwrapAll(e)...)
		}
	}
	return all
}

// printed is v in every form that ends up in logs and terminals.
func printed(v any) string {
	var b bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&b, format+"\n", v)
		fmt.Fprintf(&b, format+"\n", struct{ V any }{v})
	}
	fmt.Fprintf(&b, "%v %+v\n", &struct{ V any }{v}, []any{v})
	js, err := json.Marshal(map[string]any{"v": v})
	fmt.Fprintf(&b, "%s %v\n", js, err)
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		slog.New(h).Info("event", slog.Any("v", v))
	}
	return b.String()
}

// findCanary returns the first secret that text holds in any spelling.
func findCanary(text string, secrets ...string) string {
	low := strings.ToLower(text)
	for _, s := range secrets {
		js, _ := json.Marshal(s)
		for _, spelling := range []string{
			s, url.QueryEscape(s), url.PathEscape(s), html.EscapeString(s), strings.Trim(string(js), `"`),
			fmt.Sprintf("%x", s), base64.StdEncoding.EncodeToString([]byte("batch:" + s)),
			base64.StdEncoding.EncodeToString([]byte("batch:" + url.QueryEscape(s))),
		} {
			if strings.Contains(low, strings.ToLower(spelling)) {
				return s
			}
		}
	}
	return ""
}

// echo is a server that repeats all it gets, in every place it can.
func echo(code int, put func(w http.ResponseWriter, what string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		id, secret, _ := r.BasicAuth()
		plain, _ := url.QueryUnescape(secret)
		what := strings.Join([]string{
			string(body), r.Header.Get("Authorization"), id, secret, plain,
			form.Get("refresh_token"), form.Get("client_secret"), html.EscapeString(plain),
		}, " | ")
		if put == nil {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, what)
			return
		}
		put(w, what)
	}
}

// hostile are token endpoints that give away whatever they hear.
func hostile() map[string]http.HandlerFunc {
	inJSON := func(code int, key string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, what string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", key: what, "access_token": "answer-canary"})
		}
	}
	return map[string]http.HandlerFunc{
		"echoing 500":         echo(500, nil),
		"echoing 200":         echo(200, nil),
		"echoing description": echo(0, inJSON(400, "error_description")),
		"echoing code":        echo(0, inJSON(500, "error")),
		"echoing type": echo(0, func(w http.ResponseWriter, what string) {
			_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "answer-canary", "token_type": what})
		}),
		"echoing location": echo(0, func(w http.ResponseWriter, what string) {
			w.Header().Set("Location", "https://"+url.PathEscape(what)+".example/"+url.PathEscape(what))
			w.WriteHeader(http.StatusTemporaryRedirect)
		}),
		"echoing its own token": answers(400, "application/json",
			`{"error":"invalid_client","error_description":"made answer-canary and answer-refresh-canary","access_token":"answer-canary","refresh_token":"answer-refresh-canary"}`),
		"token with a line break": answers(200, "application/json", `{"access_token":"answer-canary\n"}`),
		"other token type":        answers(200, "application/json", `{"access_token":"answer-canary","token_type":"answer-canary","refresh_token":"answer-refresh-canary"}`),
		"error object":            answers(400, "application/json", `{"error":{"message":"for answer-canary"},"access_token":"answer-canary"}`),
		"stale client":            answers(401, "application/json", `{"error":"invalid_client","error_description":"`+"client-canary s3cret"+`"}`),
	}
}

// loud is a logger that keeps everything.
func loud(b *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug - 8, AddSource: true}))
}

// canaries are the secrets of these tests that are known beforehand.
func canaries() []string {
	return []string{
		clientSecret, oldRefresh, "answer-canary", "answer-refresh-canary", "access-canary-old", "pass-canary", "subject-canary", "actor-canary",
		"assertion-canary", "code-canary-0", "refresh-canary-1", "at-canary-1", rfcDeviceCode,
	}
}

func TestNoSecretInAnyErrorOrLog(t *testing.T) {
	t.Parallel()
	key := ecPEM(t)
	logins := map[string]func(context.Context, auth.Env) (*auth.Credentials, error){
		"header": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return machine().Obtain(ctx, env, nil)
		},
		"raw header": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			f := machine()
			f.AuthStyle = flow.StyleBasicRaw
			return f.Obtain(ctx, env, nil)
		},
		"form": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			f := machine()
			f.AuthStyle = flow.StyleForm
			return f.Obtain(ctx, env, nil)
		},
		"signed": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.ClientCredentials{ClientID: "batch", PrivateKey: flow.PrivateKey{PEM: flow.SecretValue(key)}}.Obtain(ctx, env, nil)
		},
		"assertion": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.ClientCredentials{ClientID: "batch", Assertion: flow.SecretValue("assertion-canary")}.Obtain(ctx, env, nil)
		},
		"password": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.Password{Username: "jo", Password: flow.SecretValue("pass-canary")}.Obtain(ctx, env, nil)
		},
		"exchange": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.TokenExchange{SubjectToken: flow.SecretValue("subject-canary"), ActorToken: flow.SecretValue("actor-canary")}.Obtain(ctx, env, nil)
		},
		"browser": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.PKCE{OpenBrowser: comesBack, ClientSecret: flow.SecretValue(clientSecret)}.Obtain(ctx, env, nil)
		},
		"auto": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.Auto{PKCE: flow.PKCE{OpenBrowser: comesBack}, Environment: desk}.Obtain(ctx, env, nil)
		},
		"asking for a device code": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.DeviceCode{ClientSecret: flow.SecretValue(clientSecret)}.Obtain(ctx, env, nil)
		},
		"revoke": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return nil, flow.PKCE{ClientSecret: flow.SecretValue(clientSecret)}.Revoke(ctx, env, person())
		},
		"refresh": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.Stored{}.Renew(ctx, env, person())
		},
	}
	for server, h := range hostile() {
		for name, login := range logins {
			t.Run(server+"/"+name, func(t *testing.T) {
				t.Parallel()
				rec, env := tokenEndpoint(t, h)
				set(env, func(c *configstore.ClientConfig) {
					c.ClientID, c.AuthorizationEndpoint = "cli", "https://idp.example/authorize"
					c.DeviceAuthorizationEndpoint, c.RevocationEndpoint = c.TokenEndpoint, c.TokenEndpoint
				})
				prompts := &notes{}
				var log bytes.Buffer
				env.Prompter, env.Logger = prompts, loud(&log)
				_, err := login(t.Context(), env)
				te := (*flow.TokenError)(nil)
				if !errors.As(err, &te) && (name != "revoke" || err != nil) { // a 200 is as good as any to a revocation
					t.Fatalf("got %v, want a *TokenError", err)
				}
				secrets := canaries()
				for _, r := range rec.requests() {
					secrets = append(secrets, r.form["code_verifier"], r.form["client_assertion"])
				}
				for _, p := range prompts.all() {
					u, _ := url.Parse(p.URL)
					secrets = append(secrets, u.Query().Get("state"))
				}
				secrets = slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
				text := log.String()
				for _, e := range unwrapAll(err) {
					text += printed(e) + e.Error()
				}
				if found := findCanary(text, secrets...); found != "" {
					t.Errorf("%q shows up in:\n%s", found, text)
				}
			})
		}
	}
}

// A device flow polls, so its hostile servers answer in fake time.
func TestNoSecretInDevicePolls(t *testing.T) {
	t.Parallel()
	for server, h := range hostile() {
		t.Run(server, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &device{offer: grants(rfcOffer), poll: inTurn(slow, answers(503, "", ""), h)}
				env, _ := d.env()
				var log bytes.Buffer
				env.Logger = loud(&log)
				_, err := flow.DeviceCode{ClientSecret: flow.SecretValue(clientSecret), AuthStyle: flow.StyleForm, PKCE: true}.Obtain(t.Context(), env, nil)
				if err == nil || log.Len() == 0 {
					t.Fatalf("got %v and %d bytes of log", err, log.Len())
				}
				text := log.String()
				for _, e := range unwrapAll(err) {
					text += printed(e) + e.Error()
				}
				if found := findCanary(text, append(canaries(), d.polls[0].Get("code_verifier"), "WDJB-MJHT")...); found != "" {
					t.Errorf("%q shows up in:\n%s", found, text)
				}
			})
		})
	}
}

// Logins that work are told of too, and tell nothing either.
func TestNoSecretInTheLogOfASuccess(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, prompts := p.env(t)
	var log bytes.Buffer
	env.Logger = loud(&log)
	v := newVisitor(t)
	f := flow.Auto{PKCE: flow.PKCE{OpenBrowser: func(ctx context.Context, address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		visit(u.Query().Get("redirect_uri") + "?code=stray-canary&state=stray-canary")
		return v.open(ctx, address)
	}}, Environment: desk}
	c, err := f.Obtain(t.Context(), env, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := <-v.pages
	if err := f.Revoke(t.Context(), env, c); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(prompts.all()[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	secrets := append(canaries(), "stray-canary", u.Query().Get("state"), p.seen(&p.exchanged)[0].Get("code_verifier"))
	text := log.String() + shown.body + printed(c)
	if found := findCanary(text, secrets...); found != "" {
		t.Errorf("%q shows up in:\n%s", found, text)
	}
	contains(t, log.String(), "does not belong to the login", "revoked a token")
}

func TestNoSecretInPrintedFlows(t *testing.T) {
	t.Parallel()
	type holder struct{ f any } // fmt asks no methods of what is in unexported fields
	flows := map[string]any{
		"value":  machine(),
		"static": flow.StaticToken("static-canary"),
		"command": flow.Command{
			Argv: []string{"helper", "--password=argv-canary"}, Env: []string{"PASSWORD=env-canary"},
		},
		"secret":   flow.SecretValue(clientSecret),
		"pointer":  &flow.ClientCredentials{Secret: flow.SecretValue(clientSecret)},
		"key":      flow.ClientCredentials{PrivateKey: flow.PrivateKey{PEM: flow.SecretValue(clientSecret)}, Assertion: flow.SecretValue(clientSecret)},
		"password": flow.Password{Password: flow.SecretValue(clientSecret), ClientSecret: flow.SecretValue(clientSecret)},
		"exchange": flow.TokenExchange{SubjectToken: flow.SecretValue(clientSecret), ActorToken: flow.SecretValue(clientSecret)},
		"device":   flow.DeviceCode{ClientSecret: flow.SecretValue(clientSecret)},
		"stored":   flow.Stored{},
	}
	for name, f := range flows {
		text := printed(f)
		if name != "command" { // its arguments are the program's to hide there
			verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"}
			if name == "static" { // for verbs that do not fit, fmt prints what pointers point to
				verbs = verbs[:3]
			}
			for _, verb := range verbs {
				text += fmt.Sprintf(verb, holder{f})
			}
		}
		if found := findCanary(text, clientSecret, "static-canary", "argv-canary", "env-canary"); found != "" {
			t.Errorf("%s: %q shows up in:\n%s", name, found, text)
		}
	}
	contains(t, printed(flow.SecretFile("/run/secrets/x")), "file /run/secrets/x")
	contains(t, printed(flow.SecretEnv("BATCH_SECRET")), "environment variable BATCH_SECRET")
	contains(t, printed(flow.Secret{}), "not set")
	contains(t, printed(flow.Command{Argv: []string{"helper", "x"}}), "command helper")
}
