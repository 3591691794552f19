package clientset

import (
	"net/http"

	"github.com/jetway-go/jetway/internal/peer"
)

// agent names the program and this library to servers.
func (c *config) agent() string {
	agent := "jetway/" + Version
	if c.userAgent != "" {
		agent = c.userAgent + " " + agent
	}
	return agent
}

const agentHeader = "User-Agent"

// withAgent returns a copy of hc whose requests carry the user agent, unless they have
// one that says more than the bare name of this library.
func withAgent(hc *http.Client, agent string) *http.Client {
	named := *hc
	named.Transport = &namedTransport{wrapped{transportOf(hc)}, agent}
	return &named
}

type namedTransport struct {
	wrapped

	agent string
}

func (t *namedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if had := r.Header.Get(agentHeader); had == "" || had == "jetway" {
		r = r.Clone(r.Context())
		r.Header.Set(agentHeader, t.agent)
	}
	answer, err := t.base.RoundTrip(r)
	return peer.Unasked(r, answer, err)
}
