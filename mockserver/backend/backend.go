// Package backend is the mock's Flyte backend: every service over one in-memory
// state, with the semantics of the real one.
//
// [New] makes a Backend and [Backend.Register] puts its services on a gRPC
// server. It checks no credentials; the mock server around it does.
package backend

import (
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/jetway-go/jetway/mockserver/objectstore"
)

// Config is what a Backend is made of. The zero value works: no login is
// advertised, nothing can be uploaded, rules are as lax as the real backend's.
type Config struct {
	// Now is the backend's clock; nil means time.Now. Delays (timelines, watches)
	// always use real time.
	Now func() time.Time
	// Strict enforces the contract's validation rules on requests, as hosted
	// backends may: InvalidArgument with a BadRequest detail that names the fields.
	Strict bool
	// Objects is where uploads go; nil makes every DataProxy upload Unavailable.
	Objects *objectstore.Store
	// Login is what AuthMetadataService tells; nil answers Unimplemented for
	// the authorization server's metadata.
	Login func() LoginMetadata
	// Version is what GetVersion answers; empty means "mock".
	Version string
}

// LoginMetadata is what the backend advertises about logging in.
type LoginMetadata struct {
	Issuer, AuthorizationEndpoint, TokenEndpoint, DeviceAuthorizationEndpoint, JWKSURI string

	ResponseTypes, Scopes, AuthMethods, CodeChallengeMethods, GrantTypes []string

	// Client part: what a public client should use.
	ClientID, RedirectURI, HeaderKey, Audience, ServiceHTTPEndpoint, DataplaneDomain string
	ClientScopes                                                                     []string
}

// Backend is the state and the services over it. Safe for concurrent use.
type Backend struct {
	cfg   Config
	rules map[protoreflect.FullName][]rule // of a strict backend, otherwise nil

	mu       sync.Mutex // guards everything below
	projects *projects
	tasks    *tasks
	secrets  *secrets

	runs *runs // has a lock of its own, taken after mu
}

// New returns a Backend with no projects, tasks, runs or secrets.
func New(cfg Config) *Backend {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	b := &Backend{cfg: cfg, projects: newProjects(), tasks: newTasks(), secrets: newSecrets()}
	if cfg.Strict {
		b.rules = contractRules()
	}
	b.runs = newRuns(b)
	return b
}

// Close stops every timeline and ends every watch. Calling it twice is fine.
func (b *Backend) Close() { b.runs.close() }

// Register puts every service on s.
func (b *Backend) Register(s grpc.ServiceRegistrar) {
	if b.cfg.Strict {
		s = strictRegistrar{s, b.checkRequest}
	}
	b.registerRecords(s)
	b.registerRuns(s)
}
