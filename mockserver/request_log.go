package mockserver

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/mockserver/front"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// maxLoggedForm is over the size limit of forms at the token endpoint.
const maxLoggedForm = 128 << 10

func (s *Server) logUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	r := s.arrivedCall(ctx, info.FullMethod)
	resp, err := next(ctx, req)
	s.answeredCall(ctx, r, err)
	return resp, err
}

func (s *Server) logStream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	r := s.arrivedCall(ss.Context(), info.FullMethod)
	err := next(srv, ss)
	s.answeredCall(ss.Context(), r, err)
	return err
}

func (s *Server) arrivedCall(ctx context.Context, method string) *loggedRequest {
	md, _ := metadata.FromIncomingContext(ctx)
	r := s.newRequestOf(Request{Kind: KindGRPC, Protocol: front.ProtocolFromContext(ctx), Method: method}, md)
	s.log.add(r)
	return r
}

func (s *Server) answeredCall(ctx context.Context, r *loggedRequest, err error) {
	code := status.Code(err)
	if e := status.FromContextError(err); code == codes.Unknown && e.Code() != codes.Unknown {
		code = e.Code() // grpc-go turns a handler's context error into its status
	}
	reason := ""
	if err != nil {
		reason = s.withoutSecrets(status.Convert(err).Message())
	}
	s.log.finish(r, s.clock.Now(), code, 0, reason)
	if !s.cfg.logger.Enabled(ctx, slog.LevelDebug) {
		return // what to log costs more than the call's other bookkeeping
	}
	s.cfg.logger.Debug("mock call", "method", r.Method, "protocol", r.Protocol, "token", r.TokenID, "code", code.String())
}

// logFrontAnswer logs a call that the gRPC server does not serve.
func (s *Server) logFrontAnswer(req *http.Request, call front.Call, code codes.Code, httpStatus int) {
	r := s.newRequest(KindGRPC, call.Method, lowered(req.Header))
	r.Protocol = call.Protocol
	s.log.add(r)
	s.log.finish(r, s.clock.Now(), code, httpStatus, "")
	s.cfg.logger.Debug("mock call answered by the front",
		"method", r.Method, "protocol", r.Protocol, "token", r.TokenID, "code", code.String(), "status", httpStatus)
}

// logHTTP logs the requests of the HTTP side.
func (s *Server) logHTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		kind, endpoint := KindHTTP, s.oauth.EndpointAt(req.URL.Path)
		if endpoint == oauth.EndpointToken && s.proxy.admits(req.Header.Values(proxyHeader)) {
			kind = KindToken
		}
		r := s.newRequest(kind, req.Method+" "+req.URL.Path, lowered(req.Header))
		if r.Endpoint = endpoint; endpoint != "" {
			r.Form = s.peekForm(req)
		}
		s.log.add(r)
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, req)
		s.log.finish(r, s.clock.Now(), codes.OK, seen.status, "")
		s.cfg.logger.Debug("mock request", "method", r.Method, "token", r.TokenID, "status", seen.status)
	})
}

// peekForm reads the parameters that are no secret and puts the body back.
func (s *Server) peekForm(req *http.Request) map[string][]string {
	body, err := io.ReadAll(io.LimitReader(req.Body, maxLoggedForm))
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), req.Body), req.Body}
	if err != nil {
		return nil
	}
	text := string(body)
	if text == "" {
		text = req.URL.RawQuery
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil
	}
	form := map[string][]string{}
	for _, name := range []string{
		"grant_type", "client_id", "scope", "audience", "resource", "redirect_uri", "response_type", "prompt",
		"code_challenge_method", "token_type_hint", "client_assertion_type",
		"subject_token_type", "actor_token_type", "requested_token_type",
	} {
		for _, v := range values[name] {
			form[name] = append(form[name], s.withoutSecrets(v))
		}
	}
	if id, _, ok := req.BasicAuth(); ok {
		if plain, err := url.QueryUnescape(id); err == nil {
			form["client_id"] = append(form["client_id"], s.withoutSecrets(plain))
		}
	}
	return form
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func lowered(h http.Header) map[string][]string {
	out := make(map[string][]string, len(h))
	for name, values := range h {
		out[strings.ToLower(name)] = values
	}
	return out
}
