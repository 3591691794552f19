package kfptest

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const apis = "/apis/v2beta1"

// route is one HTTP rule.
type route struct {
	verb, path string // below /apis/v2beta1; at most one {field}
	body       string // the field that is the body
	fresh      func() proto.Message
	call       func(context.Context, proto.Message) (proto.Message, error)
}

// over makes a route of a method.
func over[Req, Res any, PReq interface {
	*Req
	proto.Message
}, PRes interface {
	*Res
	proto.Message
}](verb, path, body string, call func(context.Context, PReq) (PRes, error)) route {
	return route{
		verb, path, body,
		func() proto.Message { return PReq(new(Req)) },
		func(ctx context.Context, m proto.Message) (proto.Message, error) { return call(ctx, m.(PReq)) }, //nolint:forcetypeassert // of fresh
	}
}

// Handler returns the API's HTTP face: what Kubeflow's grpc-gateway makes of the services,
// the health check and the uploads, at /apis/v2beta1 and, as behind its gateway, at
// /pipeline/apis/v2beta1. With MultiUser it checks callers as the API server does: by a
// header kubeflow-userid, which a proxy in front has to set, or by a bearer token.
func (s *Server) Handler() http.Handler {
	r, e, p := runs{all: s}, experiments{all: s}, pipelines{all: s}
	routes := []route{
		over(http.MethodGet, "/experiments", "", e.ListExperiments),
		over(http.MethodPost, "/runs", "run", r.CreateRun),
		over(http.MethodGet, "/runs", "", r.ListRuns),
		over(http.MethodGet, "/runs/{run_id}", "", r.GetRun),
		over(http.MethodPost, "/runs/{run_id}:terminate", "", r.TerminateRun),
		over(http.MethodGet, "/pipelines", "", p.ListPipelines),
		over(http.MethodGet, "/pipelines/{pipeline_id}", "", p.GetPipeline),
		over(http.MethodGet, "/pipelines/names/{name}", "", p.GetPipelineByName),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		path := strings.TrimPrefix(req.URL.Path, "/pipeline")
		s.mu.Lock()
		s.requests = append(s.requests, req.Method+" "+path)
		s.mu.Unlock()
		path, below := strings.CutPrefix(path, apis)
		switch {
		case !below:
			fail(w, status.Error(codes.NotFound, "Not Found"))
		case path == "/healthz":
			s.health(w, req)
		case path == "/pipelines/upload" && req.Method == http.MethodPost:
			s.upload(w, req)
		case path == "/pipelines/upload_version" && req.Method == http.MethodPost:
			s.uploadVersion(w, req)
		default:
			s.serve(w, req, path, routes)
		}
	})
}

func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		fail(w, status.Error(codes.Unimplemented, "Method Not Allowed"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	multi := "false"
	if s.MultiUser {
		multi = "true"
	}
	_, _ = w.Write([]byte(`{"commit_sha":"unknown","tag_name":"2.17.0","multi_user":` + multi + `}`))
}

// serve calls the method of a path.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, path string, routes []route) {
	err := status.Error(codes.NotFound, "Not Found")
	for _, route := range routes {
		field, value, ok := route.match(path)
		switch {
		case !ok:
			continue
		case route.verb != r.Method:
			err = status.Error(codes.Unimplemented, "Method Not Allowed")
			continue
		}
		var answer proto.Message
		if answer, err = s.answer(r, route, field, value); err == nil {
			write(w, answer)
			return
		}
		break
	}
	fail(w, err)
}

// match reports whether a path is that of the route, and what it has for the field.
func (r route) match(path string) (field, value string, ok bool) {
	before, rest, has := strings.Cut(r.path, "{")
	if !has {
		return "", "", path == r.path
	}
	field, verb, _ := strings.Cut(rest, "}")
	value, ok = strings.CutPrefix(path, before)
	if !ok {
		return "", "", false
	}
	value, ok = strings.CutSuffix(value, verb)
	return field, value, ok && !strings.Contains(value, "/")
}

func (s *Server) answer(r *http.Request, to route, field, value string) (proto.Message, error) {
	in := to.fresh()
	if err := readBody(r, in, to.body); err != nil {
		return nil, err
	}
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if field != "" {
		params[field] = []string{value}
	}
	if err := populate(in, params, to.body); err != nil {
		return nil, err
	}
	ctx, err := s.identify(r.Context(), r.Header[userHeader], r.Header["Authorization"])
	if err != nil {
		return nil, err
	}
	return to.call(ctx, in)
}

// write writes an answer as Kubeflow's marshaler does.
func write(w http.ResponseWriter, m proto.Message) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw) //nolint:gosec // JSON, for programs
}
