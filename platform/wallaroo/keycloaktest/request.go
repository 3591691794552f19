package keycloaktest

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// Request is one request that arrived. It contains no secret.
type Request struct {
	// Path is the URL's path below the realm.
	Path string
	// Grant is the grant_type; empty for a request to the device endpoint.
	Grant string
	// Params are the names of all form parameters, sorted.
	Params []string
	// ClientID and Username are those of the form.
	ClientID, Username string
	// UserAgent is the header of that name.
	UserAgent string
	// Violation is what a correct client would not have sent; empty for none.
	Violation string
	// Status is the HTTP status of the answer.
	Status int

	form url.Values
}

// Requests returns the requests so far, oldest first.
func (s *Realm) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Count returns how many correct requests of this grant arrived; "" counts requests to
// the device endpoint.
func (s *Realm) Count(grant string) (n int) {
	for _, r := range s.Requests() {
		if r.Grant == grant && r.Violation == "" {
			n++
		}
	}
	return n
}

// ResetRequests deletes the record of requests.
func (s *Realm) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

const maxForm = 64 << 10

// read parses a request and records what is wrong with its form.
func (s *Realm) read(r *http.Request) Request {
	req := Request{Path: r.URL.Path, UserAgent: r.UserAgent()}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	if err == nil {
		req.form, err = url.ParseQuery(string(body))
	}
	for name := range req.form {
		req.Params = append(req.Params, name)
	}
	slices.Sort(req.Params)
	req.Grant, req.ClientID, req.Username = req.form.Get("grant_type"), req.form.Get("client_id"), req.form.Get("username")
	switch {
	case r.Method != http.MethodPost:
		req.Violation = "method " + r.Method
	case err != nil:
		req.Violation = "unreadable form"
	case media != "application/x-www-form-urlencoded":
		req.Violation = "content type " + media
	case r.URL.RawQuery != "":
		req.Violation = "parameters in the URL"
	case r.Header.Get("Authorization") != "":
		req.Violation = "authorization header: the client is public"
	case req.UserAgent == "":
		req.Violation = "no user agent"
	}
	return req
}

// only reports whether the form has no parameters but these, each once, and records the
// violation otherwise.
func (r *Request) only(names ...string) bool {
	for name, values := range r.form {
		switch {
		case !slices.Contains(names, name):
			r.Violation = "unexpected parameter " + name
		case len(values) != 1:
			r.Violation = fmt.Sprintf("%s %d times", name, len(values))
		}
	}
	return r.Violation == ""
}

type answer struct {
	status int
	body   any // a string is sent as it is
}

func refusal(status int, code, description string) answer {
	body := map[string]string{"error": code}
	if description != "" {
		body["error_description"] = description
	}
	return answer{status: status, body: body}
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	if text, ok := a.body.(string); ok {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, text) // a client that has gone cannot be helped
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) //nolint:errchkjson // a client that has gone cannot be helped
}
