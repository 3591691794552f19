package kubeflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

// saved is the content of the context file, which Kubeflow's own client writes.
type saved struct {
	path string

	Namespace   string `json:"namespace"`
	Cookie      string `json:"client_authentication_cookie"`
	HeaderName  string `json:"client_authentication_header_name"`
	HeaderValue string `json:"client_authentication_header_value"`
}

// contextPath returns the path of the context file; empty without a home directory.
func (r Resolver) contextPath() (path string, named bool) {
	if r.ContextFile != "" {
		return r.ContextFile, true
	}
	for _, name := range []string{"HOME", "USERPROFILE"} {
		if home := r.getenv(name); home != "" {
			return filepath.Join(home, ".config", "kfp", "context.json"), false
		}
	}
	return "", false
}

func (r Resolver) readContext() (saved, error) {
	path, named := r.contextPath()
	if path == "" {
		return saved{}, nil
	}
	content, err := smallfile.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return saved{}, nil
	case err != nil:
		return saved{}, fmt.Errorf("context file: %w", err)
	}
	s := saved{path: path}
	if err := json.Unmarshal(content, &s); err != nil { // the cause would quote the content
		return saved{}, fmt.Errorf("context file %s is not a JSON object of strings", path)
	}
	return s, nil
}

// login returns the login of the file; nil if it has none.
func (s saved) login() (auth.Flow, error) {
	header := s.HeaderName != "" || s.HeaderValue != ""
	switch {
	case s.Cookie != "" && header:
		return nil, fmt.Errorf("context file %s has both client_authentication_cookie and client_authentication_header_name: keep one", s.path)
	case s.Cookie != "":
		c, err := cookieCredentials(s.Cookie)
		if err != nil {
			return nil, fmt.Errorf("context file %s: the contents of client_authentication_cookie %w", s.path, err)
		}
		return flow.Static{Credentials: c}, nil
	case !header:
		return nil, nil //nolint:nilnil // the file says nothing about a login
	case s.HeaderName == "" || s.HeaderValue == "":
		return nil, fmt.Errorf("context file %s has only one of client_authentication_header_name and client_authentication_header_value", s.path)
	}
	if err := checkHeaderName(s.HeaderName); err != nil {
		return nil, fmt.Errorf("context file %s: client_authentication_header_name %w", s.path, err)
	}
	if err := checkHeader(s.HeaderValue); err != nil {
		return nil, fmt.Errorf("context file %s: client_authentication_header_value %w", s.path, err)
	}
	return flow.Static{Credentials: &auth.Credentials{
		AccessToken: s.HeaderValue, HeaderKey: strings.ToLower(s.HeaderName), TokenType: auth.Raw,
	}}, nil
}
