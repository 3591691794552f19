package requestlog

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver/requests"
)

// maxForm is over the size limit of forms at the token endpoint.
const maxForm = 128 << 10

// HTTP logs the requests of the HTTP side.
func (l *Log) HTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		kind, endpoint := l.cfg.Side(req)
		of := requests.Request{Kind: kind, Endpoint: endpoint, Method: l.WithoutSecrets(req.Method + " " + req.URL.Path)}
		r := l.newEntry(of, lowered(req.Header))
		if endpoint != "" {
			r.Form = l.peekForm(req)
		}
		l.add(r)
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, req)
		l.finish(r, codes.OK, seen.status, "")
		l.cfg.Logger.Debug("mock request", "method", r.Method, "token", r.TokenID, "status", seen.status)
	})
}

// peekForm reads the parameters that are no secret and puts the body back.
func (l *Log) peekForm(req *http.Request) map[string][]string {
	body, err := io.ReadAll(io.LimitReader(req.Body, maxForm))
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
			form[name] = append(form[name], l.WithoutSecrets(v))
		}
	}
	if id, _, ok := req.BasicAuth(); ok {
		if plain, err := url.QueryUnescape(id); err == nil {
			form["client_id"] = append(form["client_id"], l.WithoutSecrets(plain))
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
