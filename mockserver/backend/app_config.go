package backend

import (
	"cmp"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
)

// AppConfig says what kind of server AppService and AppLogsService are like. The zero value
// is an open-source server that serves apps.
type AppConfig struct {
	// Off ends every call of the two services with Unimplemented, as an open-source server
	// does unless its internalApps.enabled is set. It is the default of a Backend whose
	// Config.CurrentOnly is set.
	Off bool
	// Hosted keeps labels and the other metadata of apps, counts their revisions, and
	// rejects the creation of an app that exists, and an update of another revision than
	// the latest. Lists are filtered and sorted, whole organizations and projects can be
	// watched, and an app can be found by its URL. Open-source servers do none of that.
	Hosted bool
	// Operator lets clusters run the apps by Lease and UpdateStatus, which are
	// Unimplemented otherwise. No timeline plays then.
	Operator bool
	// BaseDomain is the domain that the URLs of apps are in; empty means "apps.test".
	BaseDomain string
}

func (c AppConfig) withDefaults() AppConfig {
	c.BaseDomain = cmp.Or(c.BaseDomain, "apps.test")
	return c
}

// ConfigureApps sets how apps are served from now on.
func (b *Backend) ConfigureApps(cfg AppConfig) {
	b.apps.mu.Lock()
	defer b.apps.mu.Unlock()
	b.apps.cfg = cfg.withDefaults()
}

// AddApp deploys an app, as a call of Create does, and plays its timeline. It returns the
// error that the call would end with.
func (b *Backend) AddApp(app *apppb.App) error {
	if err := checkDeployed(app); err != nil {
		return err
	}
	_, err := b.apps.create(proto.CloneOf(app), nil)
	return err
}

// Apps returns the apps, ordered by project, domain and name, as Get returns them.
func (b *Backend) Apps() []*apppb.App {
	b.apps.mu.Lock()
	defer b.apps.mu.Unlock()
	var out []*apppb.App
	for _, a := range b.apps.sorted() {
		out = append(out, b.apps.message(a))
	}
	return out
}

// registerApps registers the services of apps. Whether they are on is asked first: a
// server that does not serve a method checks no requests of it.
func (b *Backend) registerApps(s grpc.ServiceRegistrar) {
	s = strictRegistrar{s, func(proto.Message) error { return b.apps.served() }}
	if b.cfg.Strict {
		s = strictRegistrar{s, b.checkRequest}
	}
	apppb.RegisterAppServiceServer(s, &appServer{apps: b.apps})
	apppb.RegisterAppLogsServiceServer(s, &appLogsServer{apps: b.apps})
}

func (s *apps) served() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.Off {
		return status.Error(codes.Unimplemented, "apps are not enabled on this server")
	}
	return nil
}
