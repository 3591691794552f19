package apitest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// Request is one request that arrived. It contains no secret.
type Request struct {
	// Method and Path are those of the request.
	Method, Path string
	// Fields are the names at the top of the body, sorted.
	Fields []string
	// Subject is the caller; empty if the token was refused.
	Subject string
	// Tokens is the number of Authorization headers.
	Tokens int
	// Violation is what a correct client would not have sent; empty for none.
	Violation string

	external string
	fields   map[string]any
	records  []map[string]any
}

// Requests returns the requests so far, without those to Login, oldest first.
func (a *API) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

const (
	prefix     = "/v1/api/"
	graphql    = "/v1/graphql"
	inferences = prefix + "pipelines/infer/"

	maxBody = 8 << 20
)

// ServeHTTP serves the API, and the paths of Login.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/auth/") && a.cfg.Login != nil {
		a.cfg.Login.ServeHTTP(w, r)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	req := Request{Method: r.Method, Path: r.URL.Path, Tokens: len(r.Header["Authorization"]), external: a.cfg.ExternalURL}
	if req.external == "" {
		req.external = "http://" + r.Host
	}
	defer func() { a.requests = append(a.requests, req) }()
	switch {
	case r.UserAgent() == "":
		req.wrong("no user agent").write(w)
	case !accepts(r.Header):
		req.wrong("JSON is not accepted").write(w)
	case r.URL.Path == prefix+"config":
		configuration(r, &req).write(w)
	case !a.identify(r, &req):
		a.unauthenticated(w, r, req.Tokens > 0)
	case a.broken != nil:
		a.broken(w, r)
	default:
		a.call(r, &req).write(w)
	}
}

func accepts(h http.Header) bool {
	for item := range strings.SplitSeq(h.Get("Accept"), ",") {
		if strings.TrimSpace(item) == "application/json" {
			return true
		}
	}
	return false
}

func configuration(r *http.Request, req *Request) answer {
	switch {
	case r.Method != http.MethodGet:
		return req.wrong("method " + r.Method)
	case req.Tokens != 0:
		return req.wrong("the configuration needs no token")
	}
	return ok(map[string]any{"cluster_name": "apitest", "arch": []string{"x86"}, "limits": nil})
}

func (a *API) identify(r *http.Request, req *Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if req.Tokens != 1 || scheme != "Bearer" || a.cfg.Verifier == nil {
		return false
	}
	id, err := a.cfg.Verifier.Verify(r.Context(), serverauth.Presented{Scheme: scheme, Token: token})
	req.Subject = id.Subject
	return err == nil
}

// unauthenticated answers a call without a valid token.
func (a *API) unauthenticated(w http.ResponseWriter, r *http.Request, token bool) {
	switch {
	case a.refuse != nil:
		a.refuse(w, r)
	case r.URL.Path == graphql && token:
		ok(graphQLFailure("Could not verify JWT: JWTExpired", "invalid-jwt")).write(w)
	case r.URL.Path == graphql:
		ok(graphQLFailure("x-hasura-admin-secret/x-hasura-access-key required, but not found", "access-denied")).write(w)
	default:
		w.Header().Set("WWW-Authenticate", "Bearer")
		failure(http.StatusUnauthorized, "unauthorized").write(w)
	}
}

func graphQLFailure(message, code string) map[string]any {
	return map[string]any{"errors": []any{map[string]any{
		"message": message, "extensions": map[string]any{"code": code, "path": "$"},
	}}}
}

// call answers a caller who is logged in.
func (a *API) call(r *http.Request, req *Request) answer {
	inference := strings.HasPrefix(req.Path, inferences)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost:
		req.Violation = "method " + r.Method
		return failure(http.StatusMethodNotAllowed, req.Violation)
	case err != nil || kind != "application/json":
		return req.wrong("content type " + kind)
	case inference != (params["format"] == "pandas-records"):
		return req.wrong("format " + params["format"])
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return req.wrong("unreadable body")
	}
	if inference {
		return a.infer(req, body)
	}
	if json.Unmarshal(body, &req.fields) != nil || req.fields == nil {
		return req.wrong("the body is not a JSON object")
	}
	req.Fields = slices.Sorted(maps.Keys(req.fields))
	verb, known := a.verbs()[req.Path]
	if !known {
		req.Violation = "no such path"
		return failure(http.StatusNotFound, req.Violation)
	}
	if why := verb.check(req.fields); why != "" {
		return req.wrong(why)
	}
	return verb.answer(req)
}

// verb is one of the calls, with the kinds of its fields: text, id, list or object, and a
// question mark for one that may be absent.
type verb struct {
	fields map[string]string
	answer func(*Request) answer
}

func (a *API) verbs() map[string]verb {
	return map[string]verb{
		prefix + "workspaces/list":   {map[string]string{"user_ids": "list?"}, a.listWorkspaces},
		prefix + "workspaces/create": {map[string]string{"workspace_name": "text"}, a.createWorkspace},
		prefix + "pipelines/create": {
			map[string]string{"pipeline_id": "text", "workspace_id": "id", "definition": "object"}, a.createPipeline,
		},
		prefix + "pipelines/deploy": {map[string]string{
			"deploy_id": "text", "pipeline_id": "id", "pipeline_version_pk_id": "id",
			"models": "list?", "model_ids": "list?", "model_configs": "list?", "engine_config": "object?",
		}, a.deploy},
		prefix + "pipelines/undeploy":              {map[string]string{"pipeline_id": "id", "deployment_id": "id"}, a.undeploy},
		prefix + "status/get_deployment":           {map[string]string{"name": "text"}, a.status},
		prefix + "admin/get_pipeline_external_url": {map[string]string{"workspace_id": "id", "pipeline_name": "text"}, a.externalURL},
		graphql: {map[string]string{"query": "text", "variables": "object?", "operationName": "text?"}, a.query},
	}
}

// check returns what is wrong with the fields of a body; empty for nothing.
func (v verb) check(fields map[string]any) string {
	for name := range fields {
		if v.fields[name] == "" {
			return "unexpected field " + name
		}
	}
	for name, want := range v.fields {
		kind, optional := strings.CutSuffix(want, "?")
		value, there := fields[name]
		switch {
		case !there && !optional:
			return "missing field " + name
		case there && kindOf(value) != kind:
			return fmt.Sprintf("field %s is %s, want %s", name, kindOf(value), kind)
		}
	}
	return ""
}

func kindOf(value any) string {
	switch v := value.(type) {
	case string:
		if v != "" {
			return "text"
		}
	case float64:
		if v == float64(int(v)) && v > 0 {
			return "id"
		}
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return fmt.Sprintf("%v", value)
}

func (r *Request) id(name string) int {
	f, _ := r.fields[name].(float64)
	return int(f)
}

func (r *Request) text(name string) string {
	s, _ := r.fields[name].(string)
	return s
}
