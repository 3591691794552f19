package wallaroo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	neturl "net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

// answering is a client of an instance that gives one answer to every request.
func answering(status int, body string, headers ...string) *wallaroo.Client {
	return wallaroo.NewClient(peertest.HTTPClient(map[string]http.Handler{host: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})}), url)
}

func TestEveryFormOfRefusalIsOneError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		api           *wallaroo.Client
		kind          error
		code, message string
	}{
		"401":                {answering(401, ""), wallaroo.ErrUnauthenticated, "", ""},
		"401 with a text":    {answering(401, "Unauthorized\n", "Content-Type", "text/plain"), wallaroo.ErrUnauthenticated, "", "Unauthorized"},
		"401 with a page":    {answering(401, "<html>log in", "Content-Type", "text/html"), wallaroo.ErrUnauthenticated, "", ""},
		"403":                {answering(403, ""), wallaroo.ErrForbidden, "", ""},
		"403 with an object": {answering(403, `{"code":403,"error":"not yours"}`), wallaroo.ErrForbidden, "403", "not yours"},
		"404":                {answering(404, `{"message":"gone"}`), wallaroo.ErrNotFound, "", "gone"},
		"500 with a list":    {answering(500, `[{"error":"no memory"},{"error":"other"}]`), wallaroo.ErrRefused, "", "no memory"},
		"500 with texts":     {answering(500, `["no memory"]`), wallaroo.ErrRefused, "", "no memory"},
		"an error inside":    {answering(400, `{"error":{"code":"E7","message":"bad name"}}`), wallaroo.ErrRefused, "E7", "bad name"},
		"200 with an error":  {answering(200, `{"error":"no"}`), wallaroo.ErrRefused, "", "no"},
		"200 with a list":    {answering(200, `[{"error":"no"}]`), wallaroo.ErrRefused, "", "no"},
		"to Keycloak":        {answering(302, "", "Location", "https://k.test/auth/realms/master/x"), wallaroo.ErrUnauthenticated, "", ""},
		"to a login":         {answering(303, "", "Location", "/login?client_id=x&response_type=code"), wallaroo.ErrUnauthenticated, "", ""},
		"to elsewhere":       {answering(301, "", "Location", "https://www.test/"), wallaroo.ErrAnswer, "", ""},
		"a login page":       {answering(200, "<html>log in", "Content-Type", "text/html; charset=utf-8"), wallaroo.ErrUnauthenticated, "", ""},
		"not JSON":           {answering(200, "hello", "Content-Type", "text/plain"), wallaroo.ErrAnswer, "", ""},
		"another shape":      {answering(200, `{"workspaces":{"id":1},"data":7}`), wallaroo.ErrAnswer, "", ""},
		"too long":           {answering(200, `{"workspaces":[],"x":"`+strings.Repeat("x", 16<<20)+`"}`), wallaroo.ErrAnswer, "", ""},
		"invalid-jwt":        {answering(200, `{"errors":[{"message":"JWTExpired","extensions":{"code":"invalid-jwt"}}]}`), wallaroo.ErrUnauthenticated, "invalid-jwt", "JWTExpired"},
		"access-denied":      {answering(200, `{"errors":[{"message":"no","extensions":{"code":"access-denied"}}]}`), wallaroo.ErrUnauthenticated, "access-denied", "no"},
		"permission-error":   {answering(200, `{"errors":[{"message":"no","extensions":{"code":"permission-error"}}]}`), wallaroo.ErrForbidden, "permission-error", "no"},
		"validation-failed":  {answering(200, `{"errors":[{"message":"no field","extensions":{"code":"validation-failed"}}]}`), wallaroo.ErrRefused, "validation-failed", "no field"},
		"errors of texts":    {answering(200, `{"errors":["no"]}`), wallaroo.ErrRefused, "", "no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.api.Workspaces(t.Context())
			e, ok := errors.AsType[*wallaroo.APIError](err)
			if !ok || !errors.Is(err, tt.kind) || e.Code != tt.code || e.Message != tt.message || e.Op != "workspaces/list" || e.Status == 0 {
				t.Errorf("%#v\nwant %v, %q, %q", e, tt.kind, tt.code, tt.message)
			}
			if name == "another shape" { // which is one of GraphQL
				return
			}
			var data json.RawMessage
			if err := tt.api.GraphQL(t.Context(), wallaroo.Query{}, &data); !errors.Is(err, tt.kind) {
				t.Errorf("GraphQL: %v, want %v", err, tt.kind)
			}
		})
	}
}

func TestGraphQLReturnsDataBesideErrors(t *testing.T) {
	t.Parallel()
	api := answering(200, `{"data":{"a":1,"b":null},"errors":[{"message":"b","extensions":{"code":"x"}},{"message":"c","extensions":null}]}`)
	var data map[string]any
	e, ok := errors.AsType[*wallaroo.APIError](api.GraphQL(t.Context(), wallaroo.Query{Text: "{ a b }"}, &data))
	if !ok || data["a"] != 1.0 || !slices.Equal(e.Errors, []wallaroo.GraphQLError{{Message: "b", Code: "x"}, {Message: "c"}}) {
		t.Errorf("%v with %v", e, data)
	}
}

// Rows of old and of new releases are read alike; what is not known is left out.
func TestOldAndNewShapesAreRead(t *testing.T) {
	t.Parallel()
	spaces, err := answering(200, `{"workspaces":[
		{"id":1,"name":"a","created_at":null,"created_by":7,"archived":null,"models":null,"pipelines":[1,null,"3"],"new":{"x":[1]}},
		{"id":"2","created_at":"2023-05-16T16:31:27.321474+00:00","created_by":"ada@ex.co","archived":true,"models":[4.0]},
		{"id":null,"created_at":17,"created_by":null}]}`).Workspaces(t.Context())
	if err != nil || len(spaces) != 3 || spaces[1].CreatedAt.Unix() != 1684254687 {
		t.Fatalf("%+v, %v", spaces, err)
	}
	spaces[1].CreatedAt = spaces[0].CreatedAt
	want := []wallaroo.Workspace{
		{ID: 1, Name: "a", CreatedBy: "7", Pipelines: []int64{1, 0, 3}},
		{ID: 2, CreatedBy: "ada@ex.co", Archived: true, Models: []int64{4}},
		{},
	}
	if diff := cmp.Diff(want, spaces); diff != "" {
		t.Errorf("workspaces (-want +got):\n%s", diff)
	}
	d := wallaroo.Deployment{ID: 1, Pipeline: "p"}
	for name, tt := range map[string]struct {
		answer string
		want   int
	}{
		"objects":       {`[{"time":1684254687000,"in":{"x":1},"out":{"y":[2]},"check_failures":["a"],"metadata":null}]`, 1},
		"flat":          {`[{"time":1684254687000,"in.x":1,"out.y":[2],"check_failures":1}]`, 1},
		"with anomaly":  {`[{"time":"1684254687000","in":{"x":1},"out":{"y":[2]},"anomaly":{"count":2}}]`, 2},
		"flat and more": {`[{"time":1684254687000,"in.x":1,"out":null,"out.y":[2],"anomaly.count":3}]`, 3},
	} {
		got, err := answering(200, tt.answer).Infer(t.Context(), d, []wallaroo.Record{{"x": 1}})
		if err != nil || string(got[0].In["x"]) != "1" || string(got[0].Out["y"]) != "[2]" || got[0].Time.Unix() != 1684254687 || got[0].Anomalies != tt.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s, err := answering(200, `{"status":"Running","details":null,"engines":[{"name":"e","status":null,"reason":null,"details":["a",{"message":"b"},null,{"c":1}]}],"engine_lbs":7}`).Status(t.Context(), d)
	if diff := cmp.Diff(wallaroo.DeploymentStatus{Status: "Running", Engines: []wallaroo.Engine{{Name: "e", Details: []string{"a", "b", `{"c":1}`}}}}, s); err != nil || diff != "" {
		t.Errorf("%v, status (-want +got):\n%s", err, diff)
	}
}

func TestWhatCannotBeSentIsNotSent(t *testing.T) {
	t.Parallel()
	sent := 0
	hc := peertest.HTTPClient(map[string]http.Handler{host: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ })})
	api, ctx := wallaroo.NewClient(hc, url), t.Context()
	d := wallaroo.Deployment{ID: 1, PipelineID: 1, Pipeline: "p"}
	p := wallaroo.Pipeline{Name: "p", ID: 1, VersionID: 1}
	for name, do := range map[string]func() error{
		"workspace name": func() error { _, err := api.CreateWorkspace(ctx, "My Space"); return err },
		"pipeline name": func() error {
			_, err := api.CreatePipeline(ctx, wallaroo.NewPipeline{Name: "a/b", WorkspaceID: 1})
			return err
		},
		"no workspace": func() error { _, err := api.CreatePipeline(ctx, wallaroo.NewPipeline{Name: "a"}); return err },
		"two definitions": func() error {
			_, err := api.CreatePipeline(ctx, wallaroo.NewPipeline{
				Name: "a", WorkspaceID: 1, Steps: []wallaroo.ModelVersion{{}}, Definition: json.RawMessage("{}"),
			})
			return err
		},
		"no definition in JSON": func() error {
			_, err := api.CreatePipeline(ctx, wallaroo.NewPipeline{Name: "a", WorkspaceID: 1, Definition: json.RawMessage("{")})
			return err
		},
		"no version": func() error {
			_, err := api.Deploy(ctx, wallaroo.DeployRequest{Pipeline: wallaroo.Pipeline{Name: "p", ID: 1}})
			return err
		},
		"no engine": func() error {
			_, err := api.Deploy(ctx, wallaroo.DeployRequest{Pipeline: p, EngineConfig: json.RawMessage("x")})
			return err
		},
		"no deployment":   func() error { return api.Undeploy(ctx, wallaroo.Deployment{PipelineID: 1}) },
		"a zero":          func() error { _, err := api.Status(ctx, wallaroo.Deployment{}); return err },
		"no records":      func() error { _, err := api.Infer(ctx, d, nil); return err },
		"unequal records": func() error { _, err := api.Infer(ctx, d, []wallaroo.Record{{"a": 1}, {"b": 1}}); return err },
		"variables": func() error {
			return api.GraphQL(ctx, wallaroo.Query{Variables: map[string]any{"x": func() {}}}, nil)
		},
		"no base": func() error { _, err := wallaroo.NewClient(hc, "").Workspaces(ctx); return err },
	} {
		if err := do(); !errorIsOurs(err) || sent != 0 {
			t.Errorf("%s: %v after %d requests, want an APIError and none", name, err, sent)
		}
	}
}

func errorIsOurs(err error) bool {
	e, ok := errors.AsType[*wallaroo.APIError](err)
	return ok && e.Status == 0 && e.Op != ""
}

func TestWallarooRow12_RecordsGoToTheInstanceOnly(t *testing.T) {
	t.Parallel()
	d := wallaroo.Deployment{ID: 1, Pipeline: "p"}
	for address, want := range map[string]error{
		url + "/v1/api/pipelines/infer/p-1/p": nil,
		"http://127.0.0.1:9090/infer":         nil, // which the client was made for too
		"http://127.0.0.1:9091/infer":         wallaroo.ErrOrigin,
		"https://127.0.0.1:8080/infer":        wallaroo.ErrOrigin,
		"http://127.0.0.1.evil.test/infer":    wallaroo.ErrOrigin,
		"":                                    errNone,
		"http://steve:hello@127.0.0.1:8080/":  errNone,
	} {
		answer := answering(200, `{"url":"`+address+`"}`)
		given := wallaroo.NewClient(peertest.HTTPClient(map[string]http.Handler{host: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"url":%q}`, address)
		})}), url, "http://127.0.0.1:9090")
		got, err := given.ExternalURL(t.Context(), 1, "p")
		if (err == nil) != (want == nil) || want != nil && want != errNone && !errors.Is(err, want) || err == nil && got != address { //nolint:errorlint // the very value
			t.Errorf("%q: %q, %v; want %v", address, got, err, want)
		}
		if d.URL = address; want == wallaroo.ErrOrigin { //nolint:errorlint // the very value
			if _, err := answer.Infer(t.Context(), d, []wallaroo.Record{{"a": 1}}); !errors.Is(err, wallaroo.ErrOrigin) {
				t.Errorf("records to %s: %v, want ErrOrigin", address, err)
			}
		}
	}
}

// errNone stands for an error that is none of the package's own.
var errNone = errors.New("another error")

func TestInferRepeatsWhileTheEngineIsNotReady(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]error{0: nil, 5: nil, 6: wallaroo.ErrRefused} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			api := wallaroo.NewClient(peertest.HTTPClient(map[string]http.Handler{host: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) != `[{"a":1}]` {
					t.Errorf("body %s", body)
				}
				if requests++; requests <= failures {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				_, _ = io.WriteString(w, `[{"time":1,"out":{}}]`)
			})}), url)
			_, err := api.Infer(t.Context(), wallaroo.Deployment{ID: 1, Pipeline: "p"}, []wallaroo.Record{{"a": 1}})
			if !errors.Is(err, want) || requests != min(failures+1, 6) {
				t.Errorf("%v after %d requests with %d failures", err, requests, failures)
			}
		})
	}
}

// In Wallaroo's own cluster records go to the engine itself, without the login.
func TestWallarooRow12_TheEngineInTheClusterGetsNoToken(t *testing.T) {
	t.Parallel()
	i := start(t, keycloaktest.Config{})
	r := userPassword(wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello")
	r.APIEndpoint = "http://api-lb:8080"
	cs := i.client(t, r)
	api := client(cs)
	d, space := deploy(t.Context(), t, api)
	if got, want := api.InferenceURL(d), "http://engine-lb.adder-11:29502/pipelines/adder"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if to, err := api.ExternalURL(t.Context(), space, "adder"); err != nil || to != "http://api-lb:8080/v1/api/pipelines/infer/adder-11/adder" {
		t.Error(to, err)
	}
	i.well(t)

	var seen http.Header
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		seen = r.Header
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`[{"out":{}}]`)), Request: r}, nil
	})
	signing := httpauth.New(cs.Authenticator(), base, httpauth.WithOrigins("http://api-lb:8080"), httpauth.WithPlaintextCredentials())
	if _, err := wallaroo.NewClient(&http.Client{Transport: signing}, "http://api-lb:8080").Infer(t.Context(), d, []wallaroo.Record{{"a": 1}}); err != nil || seen.Get("Authorization") != "" {
		t.Errorf("%v, Authorization sent: %v", err, seen.Get("Authorization") != "")
	}
}

// The rule gives the whole body back, and does not touch one that cannot be a rejection.
func TestTheRuleGivesTheBodyBack(t *testing.T) {
	t.Parallel()
	const rejection = `{"errors":[{"message":"x","extensions":{"code":"invalid-jwt"}}]}`
	cause := errors.New("the connection broke")
	for name, tt := range map[string]struct {
		path, kind, body string
		err              error
		want             bool
	}{
		"a rejection":      {"/v1/graphql", "application/json; charset=utf-8", rejection, nil, true},
		"data":             {"/v1/graphql", "application/json", `{"data":{}}`, nil, false},
		"another path":     {"/v1/api/x", "application/json", rejection, nil, false},
		"events":           {"/v1/graphql", "text/event-stream", rejection, nil, false},
		"a long answer":    {"/base/v1/graphql", "application/json", rejection + strings.Repeat(" ", 20_000), nil, false},
		"half an answer":   {"/v1/graphql", "application/json", rejection[:10], cause, false},
		"another error":    {"/v1/graphql", "application/json", strings.ReplaceAll(rejection, "jwt", "x"), nil, false},
		"the second error": {"/v1/graphql", "application/json", `{"errors":[{"message":"y"},` + rejection[len(`{"errors":[`):], nil, true},
	} {
		sent := &http.Request{URL: &neturl.URL{Path: tt.path}, Header: http.Header{}}
		body := io.MultiReader(strings.NewReader(tt.body), failing{tt.err})
		answer := &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Header: http.Header{"Content-Type": {tt.kind}}, Body: io.NopCloser(body)}
		got := wallaroo.Rejected(sent, answer)
		back, err := io.ReadAll(answer.Body)
		if got != tt.want || string(back) != tt.body || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v with body %q, %v", name, got, back, err)
		}
	}
}

// failing ends a body with an error, or as usual.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// An answer without an end is given up.
func TestAnAnswerIsReadWithinABound(t *testing.T) {
	t.Parallel()
	endless := &blanks{}
	hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(endless), Request: r}, nil
	})}
	_, err := wallaroo.NewClient(hc, url).Workspaces(t.Context())
	if !errors.Is(err, wallaroo.ErrAnswer) || !strings.Contains(err.Error(), "longer than 16 MiB") || endless.read > 17<<20 {
		t.Errorf("%v after %d bytes", err, endless.read)
	}
}

type blanks struct{ read int }

func (b *blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	b.read += len(p)
	return len(p), nil
}
