package kubeflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/internal/endpoint"
)

// location is where Kubeflow is, for gRPC and for HTTP.
type location struct {
	endpoint  string   // for gRPC, with its scheme
	web       *url.URL // for HTTP, without a slash at its end
	inCluster bool     // a service of the cluster, whose documented way is without TLS
	given     bool     // somebody named it
}

const (
	apiService = "ml-pipeline"
	uiService  = "ml-pipeline-ui"
	grpcPort   = "8887"
	httpPort   = "8888"
)

// ErrNoEndpoint says that nothing tells where Kubeflow Pipelines is.
var ErrNoEndpoint = errors.New("nothing says where Kubeflow Pipelines is: set Host or " + EnvEndpoint +
	"; only inside a cluster is there a default")

// locate finds the host: parameter, variable, cluster.
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
		return location{}, fmt.Errorf("the Namespace %q is no name of a Kubernetes namespace", namespace)
	}
	name := apiService + "." + namespace + ".svc.cluster.local"
	return location{
		endpoint:  "http://" + name + ":" + grpcPort,
		web:       &url.URL{Scheme: "http", Host: name + ":" + httpPort},
		inCluster: true,
	}, nil
}

// parseHost reads the forms of host that Kubeflow's documentation has. The error
// begins with a verb.
func parseHost(text string) (place location, assumed bool, err error) {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return place, false, errors.New("has a space or control character in it")
	}
	if !strings.Contains(text, "://") {
		text, assumed = "https://"+text, true
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text would show what may be a password
		return place, false, errors.New("is no URL such as https://kubeflow.example.com/pipeline")
	case u.Scheme != "http" && u.Scheme != "https":
		return place, false, fmt.Errorf("has the scheme %q; write http:// or https://", u.Scheme)
	case u.User != nil:
		return place, false, errors.New("has a user name in it; log in with Dex or Token")
	case u.Hostname() == "":
		return place, false, errors.New("names no host")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return place, false, errors.New("has a query or a fragment (?, #) in it; give the address alone")
	case u.Path != "" && u.Path != "/pipeline":
		return place, false, errors.New("has a path in it that gRPC cannot follow; only /pipeline is understood")
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
		return location{}, false, fmt.Errorf("is no address: %w", err)
	}
	return place, assumed, nil
}

// service recognises the names under which a pod finds Kubeflow's services, and
// returns where the same deployment serves gRPC. Names with a namespace are
// completed, so that they can never be taken for a host on the internet.
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
		return "", "", false // whatever listens there, it is not the service as deployed
	}
	return strings.Join(labels, "."), port, true
}

// besideService is u under the completed name of its service: HTTP carries the same
// credentials as gRPC, and no further.
func besideService(u *url.URL, completed string) *url.URL {
	first, _, _ := strings.Cut(strings.ToLower(u.Hostname()), ".")
	web := *u
	web.Host = first + strings.TrimPrefix(completed, apiService)
	if port := u.Port(); port != "" {
		web.Host += ":" + port
	}
	return &web
}

// isLabel tells whether s can be a name in Kubernetes (RFC 1123).
func isLabel(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
		if !letter && (r != '-' || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return s != "" && len(s) <= 63
}
