package oteljetway_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/oteljetway"
)

// lab is an Observer whose reports can be read.
type lab struct {
	*oteljetway.Observer

	reader *metric.ManualReader
	spans  *tracetest.InMemoryExporter
	traces *trace.TracerProvider
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{reader: metric.NewManualReader(), spans: tracetest.NewInMemoryExporter()}
	l.traces = trace.NewTracerProvider(trace.WithSyncer(l.spans))
	meters := metric.NewMeterProvider(metric.WithReader(l.reader))
	var err error
	if l.Observer, err = oteljetway.New(oteljetway.Config{Meters: meters, Traces: l.traces}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = meters.Shutdown(context.Background()), l.traces.Shutdown(context.Background())
	})
	return l
}

// series returns the number of events, or the value, of each metric with its attributes.
func (l *lab) series(t *testing.T) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := l.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			name := func(set attribute.Set) string { return m.Name + " " + set.Encoded(attribute.DefaultEncoder()) }
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					found[name(p.Attributes)] = float64(p.Count)
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					found[name(p.Attributes)] = float64(p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					found[name(p.Attributes)] = p.Value
				}
			default:
				t.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	return found
}

// tree returns the spans that have ended, each with the names of those around it.
func (l *lab) tree() []string {
	names, parents := map[string]string{}, map[string]string{}
	for _, s := range l.spans.GetSpans() {
		id := s.SpanContext.SpanID().String()
		names[id], parents[id] = s.Name, s.Parent.SpanID().String()
	}
	var all []string
	for id := range names {
		path := ""
		for at := id; names[at] != ""; at = parents[at] {
			path = "/" + names[at] + path
		}
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

const (
	user     = "ada-canary"
	password = "pw-canary"
	client   = "robot-canary"
)

func newServer(t *testing.T) *mockserver.Server {
	t.Helper()
	return mocktest.New(t, mockserver.WithOAuth(oauth.Config{
		Clients:  []oauth.Client{{ID: client, Secret: "secret-canary"}},
		Accounts: []oauth.Account{{Login: user, Password: password}},
	}))
}

func connect(t *testing.T, s *mockserver.Server, o auth.Observer) *clientset.ClientSet {
	t.Helper()
	cs, err := clientset.ForEndpoint(s.URL(), clientset.WithObserver(o), clientset.WithUser(user),
		clientset.WithStore(&tokenstore.FileStore{Dir: t.TempDir()}),
		clientset.WithFlow(flow.Password{
			Username: user, Password: flow.SecretValue(password), ClientID: client, ClientSecret: flow.SecretValue("secret-canary"),
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cs.Close() })
	return cs
}

func list(t *testing.T, ctx context.Context, cs *clientset.ClientSet) { //nolint:revive // a test's helper
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{}); err != nil {
		t.Fatal(err)
	}
}

func TestLoginsAreReported(t *testing.T) {
	t.Parallel()
	l, s := newLab(t), newServer(t)
	cs := connect(t, s, l)
	ctx, call := l.traces.Tracer("program").Start(t.Context(), "call")
	list(t, ctx, cs)
	list(t, t.Context(), cs) // with a valid token: nothing
	s.Script().RevokeTokens()
	list(t, ctx, cs)
	call.End()

	got := l.series(t)
	documented(t, got)
	const at = "jetway.flow=password"
	for name, want := range map[string]float64{
		"jetway.renewal.duration " + at + ",jetway.outcome=logged_in,server.address=127.0.0.1":       1,
		"jetway.renewal.duration " + at + ",jetway.outcome=refreshed,server.address=127.0.0.1":       1,
		"jetway.token_request.duration " + at + ",jetway.operation=login,server.address=127.0.0.1":   1,
		"jetway.token_request.duration " + at + ",jetway.operation=refresh,server.address=127.0.0.1": 1,
		"jetway.wait.duration " + at + ",server.address=127.0.0.1":                                   2,
		"jetway.rejections " + at + ",server.address=127.0.0.1":                                      1,
		"jetway.store.operation.duration " + at + ",jetway.operation=lock,server.address=127.0.0.1":  2,
		"jetway.store.operation.duration " + at + ",jetway.operation=store,server.address=127.0.0.1": 2,
		"jetway.store.operation.duration " + at + ",jetway.operation=read,server.address=127.0.0.1":  4,
		"jetway.store.lease.duration " + at + ",server.address=127.0.0.1":                            2,
	} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
		delete(got, name)
	}
	const left = "jetway.login.time_left " + at + ",server.address=127.0.0.1"
	if v := got[left]; v < 3000 || v > 3600 {
		t.Errorf("%v seconds are left, want about an hour", v)
	}
	delete(got, left)
	if len(got) > 0 {
		t.Errorf("there is also %v", slices.Collect(maps.Keys(got)))
	}

	want := []string{"/call", "/call/jetway.wait", "/call/jetway.wait"}
	for _, last := range []string{"login", "refresh"} {
		want = append(want, "/jetway.renewal", "/jetway.renewal/jetway."+last)
		for _, op := range []string{"lock", "read", "read", "store"} {
			want = append(want, "/jetway.renewal/jetway."+op)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, l.tree()); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	for _, s := range l.spans.GetSpans() {
		if s.Name == "call" && (len(s.Events) != 1 || s.Events[0].Name != "jetway.rejection") {
			t.Errorf("the call's events are %v, want one rejection", s.Events)
		}
	}
}

// documented checks that docs/fleet.md has a row for each metric.
func documented(t *testing.T, series map[string]float64) {
	t.Helper()
	page, err := os.ReadFile("../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range series {
		if name, _, _ = strings.Cut(name, " "); !strings.Contains(string(page), "\n| `"+name+"` | ") {
			t.Errorf("docs/fleet.md has no row for %s", name)
		}
	}
}

func TestFailuresAreReportedByTheirKind(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	a := auth.New(auth.Key{Endpoint: "h:1"}, flow.Func{
		Name: "vault", Login: func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
			return nil, fmt.Errorf("%w: token-canary", auth.ErrRejected)
		},
	}, auth.Env{}, auth.WithObserver(l))
	defer func() { _ = a.Close() }()
	if _, err := a.Credentials(t.Context()); err == nil {
		t.Fatal("a login that is rejected")
	}
	const failed = "jetway.renewal.duration error.type=rejected,jetway.flow=vault,server.address=h"
	if got := l.series(t); got[failed] != 1 {
		t.Errorf("%v, want %s once", got, failed)
	}
	for _, s := range l.spans.GetSpans() {
		if s.Status.Description != "" || s.Status.Code.String() != "Error" {
			t.Errorf("span %s has status %v", s.Name, s.Status)
		}
	}
}

func TestTheTimeLeftIsReportedUntilTheLoginIsClosed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	logins := map[time.Duration]*auth.Authenticator{}
	for _, left := range []time.Duration{time.Hour, 2 * time.Hour} {
		a := auth.New(auth.Key{Endpoint: "h"}, flow.StaticToken("t"), auth.Env{}, auth.WithObserver(l), auth.WithInitial(
			&auth.Credentials{AccessToken: left.String(), Expiry: time.Now().Add(left)}))
		if _, err := a.Credentials(t.Context()); err != nil {
			t.Fatal(err)
		}
		logins[left] = a
	}
	want := func(why string, left time.Duration) {
		t.Helper()
		for name, v := range l.series(t) {
			if strings.HasPrefix(name, "jetway.login.time_left") {
				if got := time.Duration(v * float64(time.Second)); got > left || got < left-time.Minute {
					t.Errorf("%s: %v are left, want %v", why, got, left)
				}
				return
			}
		}
		if left != 0 {
			t.Errorf("%s: nothing is reported", why)
		}
	}
	want("both", time.Hour)
	_ = logins[time.Hour].Close()
	want("the other one", 2*time.Hour)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want("the observer is closed", 0)
}

// Attributes name no token, user, client or password.
func TestNothingSecretIsReported(t *testing.T) {
	t.Parallel()
	l, s := newLab(t), newServer(t)
	cs := connect(t, s, l)
	list(t, t.Context(), cs)
	tokens := cs.Authenticator()
	c, err := tokens.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Script().RevokeLogins() // the refresh token is rejected, and the password logs in again
	list(t, t.Context(), cs)
	all := fmt.Sprint(l.series(t))
	for _, span := range l.spans.GetSpans() {
		all += fmt.Sprint(span.Name, span.Attributes, span.Events, span.Status)
	}
	if !strings.Contains(all, "jetway.refresh") {
		t.Fatalf("there is no refresh in %s", all)
	}
	for _, secret := range []string{"canary", c.AccessToken, c.RefreshToken, c.ID()} {
		if secret == "" || strings.Contains(all, secret) {
			t.Errorf("%q is in %s", secret, all)
		}
	}
}
