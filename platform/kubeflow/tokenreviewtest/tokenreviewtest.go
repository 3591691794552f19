// Package tokenreviewtest is a fake of the part of Kubernetes with which Kubeflow
// Pipelines 2.17 identifies callers: it issues ServiceAccount tokens for audiences,
// which expire, and answers TokenReview of authentication.k8s.io/v1 over HTTP. Its
// tokens are not JWTs, and it has nothing else of Kubernetes.
//
// Call [NewCluster], take tokens from [Cluster.IssueToken], and pass
// [Cluster.ServerOptions] to a gRPC server, which then checks callers as Kubeflow's API
// server does. [NewServer] also serves TokenReview over HTTP.
package tokenreviewtest

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"
)

// Audience is the audience that tokens must have, by Kubeflow's default.
const Audience = "pipelines.kubeflow.org"

// Cluster issues and checks ServiceAccount tokens. It is an http.Handler of
// TokenReview, and safe for concurrent use.
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

// NewCluster returns a cluster that has issued no token.
func NewCluster() *Cluster { return &Cluster{tokens: map[string]*token{}} }

// IssueToken returns a new token of a user, such as
// system:serviceaccount:team:default-editor, for the given audiences, or for
// [Audience]. A life of zero means that it expires with [Cluster.ExpireToken] only.
func (c *Cluster) IssueToken(user string, life time.Duration, audiences ...string) string {
	if len(audiences) == 0 {
		audiences = []string{Audience}
	}
	t := &token{user: user, audiences: audiences}
	if life > 0 {
		t.expiry = time.Now().Add(life)
	}
	text := "k8s-" + rand.Text()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens[text] = t
	return text
}

// ExpireToken makes a token expire now.
func (c *Cluster) ExpireToken(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.tokens[text]; t != nil {
		t.expired = true
	}
}

// Reviews returns how many tokens were checked so far.
func (c *Cluster) Reviews() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reviews
}

// User returns the user of a token for [Audience], or an error that says why it is
// rejected: for servers without gRPC.
func (c *Cluster) User(text string) (string, error) {
	user, reason := c.review(text, []string{Audience})
	if reason != "" {
		return "", errors.New(reason)
	}
	return user, nil
}

// review returns the user of a token, or the reason why it is rejected.
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
