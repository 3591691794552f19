package clientset

import (
	"errors"
	"fmt"

	"github.com/jetway-go/jetway/internal/routing"
)

// WithClusterHosts lets the backend send calls to clusters on these hosts, beside those
// that may be called anyway: over TLS, the endpoint's own host and the names on its
// registrable domain, such as dp.example.com for flyte.example.com. Calls to a cluster carry
// the login. A host is a name or an IP address without a port, or "*.example.net" for all
// names below a domain. It does not allow connections without TLS if the endpoint has
// TLS. Given several times, it adds up. See docs/routing.md.
func WithClusterHosts(hosts ...string) Option {
	parsed, err := routing.ParseHosts(hosts...)
	if err != nil {
		err = fmt.Errorf("WithClusterHosts: %w", err)
	}
	return option(func(c *config) {
		c.wrong = errors.Join(c.wrong, err)
		c.clusterHosts = append(c.clusterHosts, parsed...)
	})
}

// WithoutClusterRouting makes all calls on the endpoint's own connection. By default the
// calls of DataProxy and Secret go to the cluster that the backend names for the resource
// they are about (ClusterService.SelectCluster), which is the backend itself if it has only
// one.
func WithoutClusterRouting() Option { return option(func(c *config) { c.withoutRouting = true }) }
