package kubeflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/internal/endpoint"
)

// location is where Kubeflow is, for gRPC and for HTTP.
type location struct {
	endpoint  string   // for gRPC, with its scheme
	web       *url.URL // for HTTP, without a slash at its end
	inCluster bool     // a service of the cluster, whose documented way is without TLS
	given     bool     // it comes from the program or a variable
}

const (
	apiService = "ml-pipeline"
	uiService  = "ml-pipeline-ui"
	grpcPort   = "8887"
	httpPort   = "8888"
)

// ErrNoEndpoint means that the address of Kubeflow Pipelines is not set.
var ErrNoEndpoint = errors.New("no address of Kubeflow Pipelines: set Host or " + EnvEndpoint +
	"; only inside a cluster is there a default")

// locate returns the host of the parameter, else of the variable, else of the cluster.
func (r Resolver) locate(ctx context.Context) (location, error) {
	source, text := "Host", r.Host
	if strings.TrimSpace(text) == "" {
		source, text = EnvEndpoint, r.getenv(EnvEndpoint)
	}
	if strings.TrimSpace(text) != "" {
		place, assumed, err := parseHost(text)
		if err != nil {
			return location{}, fmt.Errorf("%s %w", source, err)
		}
		if assumed {
			r.logger().WarnContext(ctx, source+" has no scheme, https is assumed; write http:// or https://")
		}
		return place, nil
	}
	if r.getenv(envKubernetesHost) == "" || r.getenv(envKubernetesPort) == "" {
		if r.API != "" {
			return location{}, nil
		}
		if guessed := r.misspelt(EnvEndpoint); guessed != "" {
			return location{}, fmt.Errorf("%w; %s", ErrNoEndpoint, guessed)
		}
		return location{}, ErrNoEndpoint
	}
	namespace := cmp.Or(r.Namespace, DefaultNamespace)
	if !isLabel(namespace) {
		return location{}, fmt.Errorf("the Namespace %q is not a valid name of a Kubernetes namespace", namespace)
	}
	name := apiService + "." + namespace + ".svc.cluster.local"
	return location{
		endpoint:  "http://" + name + ":" + grpcPort,
		web:       &url.URL{Scheme: "http", Host: name + ":" + httpPort},
		inCluster: true,
	}, nil
}

// parseHost parses the forms of host in Kubeflow's documentation. The error begins with
// a verb.
func parseHost(text string) (place location, assumed bool, err error) {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return place, false, errors.New("contains a space or control character")
	}
	if !strings.Contains(text, "://") {
		text, assumed = "https://"+text, true
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text may contain a password
		return place, false, errors.New("is not a URL such as https://kubeflow.example.com/pipeline")
	case u.Scheme != "http" && u.Scheme != "https":
		return place, false, fmt.Errorf("has the scheme %q; write http:// or https://", u.Scheme)
	case u.User != nil:
		return place, false, errors.New("contains a user name; log in with Dex or Token")
	case u.Hostname() == "":
		return place, false, errors.New("has no host")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return place, false, errors.New("has a query or a fragment (?, #); give the address alone")
	case u.Path != "" && u.Path != "/pipeline":
		return place, false, errors.New("has a path, which gRPC cannot use; only /pipeline is accepted")
	case strings.HasSuffix(strings.ToLower(u.Hostname()), ".googleusercontent.com"):
		return place, false, errors.New("is Google's inverse proxy, whose login is not supported; use a port-forward")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	place = location{endpoint: u.Scheme + "://" + u.Host, web: u, given: true}
	if name, port, ok := service(u); ok {
		place.endpoint = u.Scheme + "://" + name + ":" + port
		place.web = besideService(u, name)
		place.inCluster = true
	}
	if _, err := endpoint.Parse(place.endpoint); err != nil {
		return location{}, false, fmt.Errorf("is not a valid address: %w", err)
	}
	return place, assumed, nil
}

// service recognises the names of Kubeflow's services in a cluster, and returns where
// the same deployment serves gRPC. Names with a namespace are completed to the cluster's
// domain, so that they never resolve to a host on the internet.
func service(u *url.URL) (name, port string, ok bool) {
	labels := strings.Split(strings.ToLower(u.Hostname()), ".")
	if labels[0] != apiService && labels[0] != uiService {
		return "", "", false
	}
	for _, l := range labels {
		if !isLabel(l) {
			return "", "", false
		}
	}
	ui := labels[0] == uiService
	labels[0] = apiService
	switch domain := labels[min(len(labels), 2):]; {
	case len(labels) == 2:
		labels = append(labels, "svc", "cluster", "local")
	case len(labels) == 1, slices.Equal(domain, []string{"svc"}), slices.Equal(domain, []string{"svc", "cluster", "local"}):
	default:
		return "", "", false
	}
	switch port = u.Port(); {
	case ui && (port == "" || port == "80" || port == "443"), !ui && (port == "" || port == httpPort):
		port = grpcPort
	case ui:
		return "", "", false // another port than that of the service as deployed
	}
	return strings.Join(labels, "."), port, true
}

// besideService returns u with the completed name of its service, so that HTTP requests
// send the credentials to the same service as gRPC calls.
func besideService(u *url.URL, completed string) *url.URL {
	first, _, _ := strings.Cut(strings.ToLower(u.Hostname()), ".")
	web := *u
	web.Host = first + strings.TrimPrefix(completed, apiService)
	if port := u.Port(); port != "" {
		web.Host += ":" + port
	}
	return &web
}

// httpBase returns the URL in front of /apis; empty if no host is set. A gateway routes
// only /pipeline to the API, and a login with a session is one at a gateway.
func (l location) httpBase(login auth.Flow) string {
	if l.web == nil {
		return ""
	}
	base := *l.web
	name, _, _ := strings.Cut(base.Hostname(), ".")
	switch {
	case l.inCluster && name == apiService:
		base.Path = "" // which the API server itself does not have
		if port := base.Port(); port == "" || port == grpcPort {
			base.Host = base.Hostname() + ":" + httpPort
		}
	case isSession(login) && !l.inCluster:
		base.Path = "/pipeline"
	}
	return base.String()
}

// isSession reports whether a login is a session of a gateway, in a cookie.
func isSession(login auth.Flow) bool {
	switch f := login.(type) {
	case dexFlow, cookieFlow:
		return true
	case flow.Static:
		return f.Credentials != nil && f.Credentials.HeaderKey == "cookie"
	default:
		return false
	}
}

// isLabel reports whether s can be a name in Kubernetes (RFC 1123).
func isLabel(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
		if !letter && (r != '-' || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return s != "" && len(s) <= 63
}
