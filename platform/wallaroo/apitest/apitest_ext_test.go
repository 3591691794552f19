package apitest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/wallaroo/apitest"
)

// ada is the only caller whose token, "good", is accepted.
func ada(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	if p.Scheme != "Bearer" || p.Token != "good" {
		return serverauth.Identity{}, errors.New("no")
	}
	return serverauth.Identity{Subject: "ada"}, nil
}

// ask sends a request as a correct client does, except for what change does.
func ask(api *apitest.API, path, body string, change ...string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for name, value := range map[string]string{
		"Authorization": "Bearer good", "Accept": "application/json", "Content-Type": "application/json", "User-Agent": "test",
	} {
		r.Header.Set(name, value)
	}
	for i := 0; i < len(change); i += 2 {
		r.Header.Del(change[i])
		if change[i+1] != "" {
			r.Header.Set(change[i], change[i+1])
		}
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w.Result()
}

func TestOnlyACorrectRequestIsAnswered(t *testing.T) {
	t.Parallel()
	const create, deploy = "/v1/api/pipelines/create", "/v1/api/pipelines/deploy"
	for name, tt := range map[string]struct {
		path, body string
		change     []string
		status     int
		violation  string
	}{
		"correct":           {"/v1/api/workspaces/list", `{}`, nil, 200, ""},
		"no user agent":     {"/v1/api/workspaces/list", `{}`, []string{"User-Agent", ""}, 400, "no user agent"},
		"no Accept":         {"/v1/api/workspaces/list", `{}`, []string{"Accept", "*/*"}, 400, "JSON is not accepted"},
		"a form":            {"/v1/api/workspaces/list", `{}`, []string{"Content-Type", "text/plain"}, 400, "content type text/plain"},
		"records":           {"/v1/api/workspaces/list", `{}`, []string{"Content-Type", "application/json; format=pandas-records"}, 400, "format pandas-records"},
		"a list":            {"/v1/api/workspaces/list", `[]`, nil, 400, "the body is not a JSON object"},
		"null":              {"/v1/api/workspaces/list", `null`, nil, 400, "the body is not a JSON object"},
		"another field":     {"/v1/api/workspaces/list", `{"x":1}`, nil, 400, "unexpected field x"},
		"no field":          {"/v1/api/workspaces/create", `{}`, nil, 400, "missing field workspace_name"},
		"another kind":      {"/v1/api/workspaces/create", `{"workspace_name":7}`, nil, 400, "field workspace_name is id, want text"},
		"a bad name":        {"/v1/api/workspaces/create", `{"workspace_name":"A b"}`, nil, 400, "the name is not one of DNS"},
		"no such path":      {"/v1/api/pipelines/list", `{}`, nil, 404, "no such path"},
		"a bad definition":  {create, `{"pipeline_id":"p","workspace_id":1,"definition":{"x":1}}`, nil, 400, "the definition is not {} or a list of steps"},
		"a bad step":        {create, `{"pipeline_id":"p","workspace_id":1,"definition":{"steps":[{}]}}`, nil, 400, "a step is not ModelInference with models"},
		"no pipeline":       {deploy, `{"deploy_id":"p","pipeline_id":1,"pipeline_version_pk_id":1}`, nil, 404, ""},
		"no token":          {"/v1/api/workspaces/list", `{}`, []string{"Authorization", ""}, 401, ""},
		"a foreign token":   {"/v1/api/workspaces/list", `{}`, []string{"Authorization", "Bearer bad"}, 401, ""},
		"a posted config":   {"/v1/api/config", `{}`, []string{"Authorization", ""}, 400, "method POST"},
		"no record":         {"/v1/api/pipelines/infer/p-1/p", `[]`, []string{"Content-Type", "application/json; format=pandas-records"}, 400, "the body is not a list of records with the same names"},
		"no such inference": {"/v1/api/pipelines/infer/p-1/p", `[{"a":1}]`, []string{"Content-Type", "application/json; format=pandas-records"}, 404, ""},
	} {
		api := apitest.New(apitest.Config{Verifier: serverauth.VerifierFunc(ada)})
		answer := ask(api, tt.path, tt.body, tt.change...)
		_ = answer.Body.Close()
		seen := api.Requests()
		if answer.StatusCode != tt.status || len(seen) != 1 || seen[0].Violation != tt.violation {
			t.Errorf("%s: %d, %+v; want %d, %q", name, answer.StatusCode, seen, tt.status, tt.violation)
		}
		if challenge := answer.Header.Get("WWW-Authenticate"); (challenge == "Bearer") != (tt.status == http.StatusUnauthorized) {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
}

func TestGraphQLRefusesATokenWithStatus200(t *testing.T) {
	t.Parallel()
	for header, code := range map[string]string{"": "access-denied", "Bearer bad": "invalid-jwt"} {
		api := apitest.New(apitest.Config{Verifier: serverauth.VerifierFunc(ada)})
		answer := ask(api, "/v1/graphql", `{"query":"{ x }"}`, "Authorization", header)
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"code":"`+code+`"`) {
			t.Errorf("%q: %d %s, want %s", header, answer.StatusCode, body, code)
		}
		_ = answer.Body.Close()
	}
}

func TestGraphQLIsAnsweredByTheConfig(t *testing.T) {
	t.Parallel()
	api := apitest.New(apitest.Config{Verifier: serverauth.VerifierFunc(ada), GraphQL: func(query string, variables map[string]any) (any, error) {
		if variables["id"] == nil {
			return nil, errors.New("no id for " + query)
		}
		return variables, nil
	}})
	for body, want := range map[string]string{
		`{"query":"q"}`: `"message":"no id for q"`,
		`{"query":"q","variables":{"id":7},"operationName":"a"}`: `{"data":{"id":7}}`,
	} {
		answer := ask(api, "/v1/graphql", body)
		got, err := io.ReadAll(answer.Body)
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
		_ = answer.Body.Close()
	}
}
