package tokenreviewtest

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
)

// Path is where Kubernetes serves TokenReview.
const Path = "/apis/authentication.k8s.io/v1/tokenreviews"

// review is a TokenReview of authentication.k8s.io/v1.
type review struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Spec       reviewSpec   `json:"spec"`
	Status     reviewStatus `json:"status"`
}

type reviewSpec struct {
	Token     string   `json:"token"`
	Audiences []string `json:"audiences,omitempty"`
}

type reviewStatus struct {
	Authenticated bool       `json:"authenticated,omitempty"`
	User          reviewUser `json:"user"`
	Audiences     []string   `json:"audiences,omitempty"`
	Error         string     `json:"error,omitempty"`
}

type reviewUser struct {
	Username string   `json:"username,omitempty"`
	Groups   []string `json:"groups,omitempty"`
}

// ServeHTTP answers a TokenReview. It requires the right path, method, content type,
// version and kind, and a token without "Bearer".
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.URL.Path != Path:
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	case r.Method != http.MethodPost:
		http.Error(w, "the only verb of a TokenReview is create", http.StatusMethodNotAllowed)
		return
	case media != "application/json":
		http.Error(w, "the body of the request was in an unknown format", http.StatusUnsupportedMediaType)
		return
	}
	var in review
	decoder := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil || in.APIVersion != "authentication.k8s.io/v1" || in.Kind != "TokenReview" ||
		in.Spec.Token == "" || strings.Contains(in.Spec.Token, " ") {
		http.Error(w, "not a TokenReview of authentication.k8s.io/v1 with a token", http.StatusBadRequest)
		return
	}
	user, reason := c.review(in.Spec.Token, in.Spec.Audiences)
	out := review{APIVersion: in.APIVersion, Kind: in.Kind, Spec: in.Spec, Status: reviewStatus{Error: reason}}
	if reason == "" {
		out.Status = reviewStatus{
			Authenticated: true, Audiences: in.Spec.Audiences,
			User: reviewUser{Username: user, Groups: []string{"system:serviceaccounts", "system:authenticated"}},
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(out) //nolint:errchkjson // texts and booleans
}
