// Package tokenreview plays the cluster that Kubeflow Pipelines asks who is
// calling: it issues ServiceAccount tokens, lets them end, and answers Kubernetes'
// TokenReview over HTTP.
//
// Make a [Cluster] with [New], take tokens from [Cluster.Issue], and put
// [Cluster.ServerOptions] in front of a gRPC server to have it check callers as
// Kubeflow's API server does.
package tokenreview

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"
)

// Audience is what tokens must be for, by Kubeflow's default.
const Audience = "pipelines.kubeflow.org"

// Cluster knows ServiceAccounts by their tokens. It is safe for concurrent use.
type Cluster struct {
	mu      sync.Mutex
	tokens  map[string]*token
	reviews int
}

type token struct {
	user      string
	audiences []string
	expiry    time.Time // zero: none
	expired   bool
}

// New returns a cluster that has issued nothing yet.
func New() *Cluster { return &Cluster{tokens: map[string]*token{}} }

// Issue returns a new token of a user, such as
// system:serviceaccount:team:default-editor, for the given audiences, or for
// [Audience]. It ends with [Cluster.Expire].
func (c *Cluster) Issue(user string, audiences ...string) string {
	if len(audiences) == 0 {
		audiences = []string{Audience}
	}
	text := "k8s-" + rand.Text()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens[text] = &token{user: user, audiences: audiences}
	return text
}

// IssueFor is Issue for a token that ends by itself.
func (c *Cluster) IssueFor(life time.Duration, user string, audiences ...string) string {
	text := c.Issue(user, audiences...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens[text].expiry = time.Now().Add(life)
	return text
}

// Expire ends a token.
func (c *Cluster) Expire(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.tokens[text]; t != nil {
		t.expired = true
	}
}

// Reviews is how many tokens were checked so far.
func (c *Cluster) Reviews() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reviews
}

// review says whose token text is, or why it is nobody's.
func (c *Cluster) review(text string, audiences []string) (user, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reviews++
	t := c.tokens[text]
	switch {
	case t == nil:
		return "", "invalid bearer token"
	case t.expired || !t.expiry.IsZero() && !time.Now().Before(t.expiry):
		return "", "service account token has expired"
	case !slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(t.audiences, a) }):
		return "", "token audiences do not match"
	}
	return t.user, ""
}
