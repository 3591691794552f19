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
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
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

func TestNoSecretInAnyErrorOrLog(t *testing.T) {
	t.Parallel()
	inJSON := func(code int, key string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, what string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", key: what, "access_token": "answer-canary"})
		}
	}
	servers := map[string]http.HandlerFunc{
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
		"negative lifetime":       answers(200, "application/json", `{"access_token":"answer-canary","expires_in":-1}`),
		"stale client":            answers(401, "application/json", `{"error":"invalid_client","error_description":"`+"client-canary s3cret"+`"}`),
	}
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
		"refresh": func(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
			return flow.Stored{}.Renew(ctx, env, person())
		},
	}
	secrets := []string{clientSecret, oldRefresh, "answer-canary", "answer-refresh-canary", "access-canary-old"}
	for server, h := range servers {
		for name, login := range logins {
			t.Run(server+"/"+name, func(t *testing.T) {
				t.Parallel()
				_, env := tokenEndpoint(t, h)
				var log bytes.Buffer
				env.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 8, AddSource: true}))
				_, err := login(t.Context(), env)
				te := (*flow.TokenError)(nil)
				if !errors.As(err, &te) {
					t.Fatalf("got %v, want a *TokenError", err)
				}
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

func TestNoSecretInPrintedFlows(t *testing.T) {
	t.Parallel()
	type holder struct{ f any } // fmt asks no methods of what is in unexported fields
	flows := map[string]any{
		"value":  machine(),
		"static": flow.Token("static-canary"),
		"command": flow.Command{
			Argv: []string{"helper", "--password=argv-canary"}, Env: []string{"PASSWORD=env-canary"},
		},
		"secret":  flow.SecretValue(clientSecret),
		"pointer": &flow.ClientCredentials{Secret: flow.SecretValue(clientSecret)},
	}
	for name, f := range flows {
		text := printed(f)
		if name != "command" { // its arguments are the program's to hide there
			text += fmt.Sprintf("%v %+v %#v", holder{f}, holder{f}, holder{f})
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
