package kubeflow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/internal/peer"
	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

const (
	podNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
	healthPath   = "/apis/v2beta1/healthz"
	httpTimeout  = 30 * time.Second
	maxAnswer    = 1 << 20
)

// Source returns the credentials for a request, as *auth.Authenticator does.
type Source interface {
	Credentials(ctx context.Context) (*auth.Credentials, error)
}

// FindUserNamespace returns the namespace that requests should name: UserNamespace,
// that of the context file, or, if the deployment serves several users, the pod's own.
// An empty result means that requests should name none, as a deployment for one user
// expects.
//
// It makes at most one request, where HTTP requests of the client go, to find out whether
// the deployment serves several users. Give it the client's HTTPClient, which has the login,
// and no src; or any hc, and a src that returns the credentials, which may be nil too.
// The error is an [*Error].
func (r Resolver) FindUserNamespace(ctx context.Context, hc *http.Client, src Source) (string, error) {
	namespace, err := r.findNamespace(ctx, hc, src)
	return namespace, failed("find the namespace", err)
}

func (r Resolver) findNamespace(ctx context.Context, hc *http.Client, src Source) (string, error) {
	if r.UserNamespace != "" {
		return r.UserNamespace, nil
	}
	saved, err := r.readContext()
	if err != nil || saved.Namespace != "" {
		return saved.Namespace, err
	}
	place, err := r.locate(ctx)
	if err != nil {
		return "", err
	}
	if place.web == nil {
		return "", errors.New("set UserNamespace, or set Host, so that the deployment can be asked whether it serves several users")
	}
	login, err := r.login(place)
	if err != nil {
		return "", err
	}
	several, err := multiUser(ctx, hc, place, place.httpBase(login), src)
	if err != nil || !several {
		return "", err
	}
	path := cmp.Or(r.NamespaceFile, podNamespace)
	content, err := smallfile.Read(path)
	if err != nil {
		r.logger().InfoContext(ctx, "the pod's namespace cannot be read; set UserNamespace", slog.Any("error", err))
		return "", nil
	}
	namespace := strings.TrimSpace(string(content))
	if !isLabel(namespace) {
		return "", fmt.Errorf("%s does not contain a valid name of a Kubernetes namespace", path)
	}
	return namespace, nil
}

// multiUser reports whether the deployment serves several users, by a request to its API at
// base.
func multiUser(ctx context.Context, hc *http.Client, place location, base string, src Source) (bool, error) {
	u, err := url.Parse(base + healthPath)
	if err != nil {
		return false, errors.New("the host is not valid in a URL")
	}
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false, errors.New("the host is not valid in a URL")
	}
	req.Header.Set("Accept", "application/json") // a proxy with a login page then answers 401
	if src != nil && (u.Scheme == "https" || place.inCluster || endpoint.IsLoopback(u.Hostname())) {
		c, err := src.Credentials(ctx)
		if err != nil {
			return false, err
		}
		if key, value := c.Header(); key != "" {
			req.Header.Set(key, value)
		}
	}
	resp, err := bare(hc).Do(req)
	if err != nil {
		return false, withoutURL(err, u)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, &StatusError{Status: resp.StatusCode, Method: req.Method, URL: shown(u)}
	}
	var health struct {
		MultiUser bool `json:"multi_user"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&health); err != nil {
		return false, fmt.Errorf("the answer of %s is not the JSON object of a health check", shown(u))
	}
	return health.MultiUser, nil
}

// bare returns hc without redirects and cookies.
func bare(hc *http.Client) *http.Client {
	client := peer.Client(hc)
	if hc == nil {
		client.Timeout = httpTimeout
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// withoutURL returns an error of net/http without its URL, whose query may contain
// secrets.
func withoutURL(err error, u *url.URL) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s cannot be reached: %w", shown(u), err)
}
