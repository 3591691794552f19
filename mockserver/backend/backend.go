// Package backend is the mock's Flyte backend: every service over one in-memory
// state, with the semantics of the real one. mockserver.WithState keeps that state
// elsewhere too.
//
// It checks no credentials; the mock server around it does. It has the known defects of
// the real backend too, such as accepting claims of tokens without checking them, so
// that clients are tested against them.
//
// Call [New], and [Backend.Register] to register its services on a gRPC server;
// [Backend.SetTimeline] scripts what runs do.
package backend

import (
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/jetway-go/jetway/mockserver/objectstore"
)

// Config configures a Backend. With the zero value it advertises no login, accepts no
// uploads, and validates as little as the real backend.
type Config struct {
	// Now is the backend's clock; nil means time.Now. Delays (timelines, watches)
	// always use real time.
	Now func() time.Time
	// Strict enforces the contract's validation rules on requests, as hosted
	// backends may: InvalidArgument with a BadRequest detail that names the fields. An
	// organization may be empty, since answers leave it out. It also answers cleanly where
	// the open-source backend is lax or fails: page tokens are plain digits, filters take
	// % and _ literally and VALUE_IN one value, and a task always shows its trigger.
	Strict bool
	// Objects stores uploads; nil makes every DataProxy upload Unavailable.
	Objects *objectstore.Store
	// Login returns what AuthMetadataService answers; nil makes the authorization
	// server's metadata Unimplemented.
	Login func() LoginMetadata
	// RunSettings makes CreateRun take the queue, the action concurrency and the places of data
	// that a request leaves empty from the settings of its project, as backends after 2.0.43 do.
	RunSettings bool
	// CurrentOnly registers only the services that a current server of Flyte 2 mounts:
	// neither RunLogsService nor those of Flyte 1. Apps are off, which ConfigureApps changes.
	CurrentOnly bool
	// Version is the version that GetVersion returns; empty means "mock".
	Version string
}

// LoginMetadata is the login that the backend advertises.
type LoginMetadata struct {
	Issuer, AuthorizationEndpoint, TokenEndpoint, DeviceAuthorizationEndpoint, JWKSURI string

	ResponseTypes, Scopes, AuthMethods, CodeChallengeMethods, GrantTypes []string

	// For public clients.
	ClientID, RedirectURI, HeaderKey, Audience, ServiceHTTPEndpoint, DataplaneDomain string
	ClientScopes                                                                     []string
}

// Backend is the state and the services over it. It is safe for concurrent use.
type Backend struct {
	cfg     Config
	rules   map[protoreflect.FullName][]rule // of a strict backend, otherwise nil
	started time.Time

	mu       sync.Mutex // guards everything below
	projects *projects
	tasks    *tasks
	secrets  *secrets
	triggers *triggers
	settings *settings
	clusters ClusterSelector

	runs *runs // has a lock of its own, taken after mu
	apps *apps // has a lock of its own
}

// New returns a Backend with no projects, tasks, runs, apps or secrets.
func New(cfg Config) *Backend {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	b := &Backend{
		cfg: cfg, projects: newProjects(), tasks: newTasks(), secrets: newSecrets(),
		triggers: newTriggers(), settings: newSettings(),
	}
	b.started = time.Now() // the build that answers is this process
	if cfg.Strict {
		b.rules = contractRules()
	}
	b.runs = newRuns(b)
	b.apps = newApps(b)
	return b
}

// Close stops every timeline and ends every watch. Calling it again does nothing.
func (b *Backend) Close() {
	b.runs.close()
	b.apps.close()
}

// Register registers every service on s.
func (b *Backend) Register(s grpc.ServiceRegistrar) {
	b.registerApps(s)
	if b.cfg.Strict {
		s = strictRegistrar{s, b.checkRequest}
	}
	b.registerRecords(s)
	b.registerRuns(s)
}
