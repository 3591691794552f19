package clientset_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	"github.com/jetway-go/jetway/mockserver"
)

// Where a call on data goes, by what the control plane names; and however the client logs
// in, one token is enough, and reaches nothing else.
func TestCallsOnDataGoWhereTheControlPlaneSays(t *testing.T) {
	t.Parallel()
	const foreign = "dp.example.net"
	for _, tt := range []struct {
		name, names string
		hosts       []string // of data planes
		want        string   // the host that gets the call
		warns       bool
		opts        []clientset.Option
	}{
		{"nothing", "", nil, controlPlane, false, nil},
		{"another host", "https://dp.example.com", []string{dataPlane}, dataPlane, false, nil},
		{"another host without a scheme", "dp.example.com:443", []string{dataPlane}, dataPlane, false, nil},
		{"another port of the same host", "https://cp.example.com:8443", nil, controlPlane + ":8443", false, nil},
		{"the same host", "https://cp.example.com", nil, controlPlane, false, nil},
		{"the same host in capitals", "https://CP.Example.COM", nil, controlPlane, false, nil},
		{"the same host with its port", "https://cp.example.com:443/", nil, controlPlane, false, nil},
		{"the same host with a dot", "https://cp.example.com.", nil, controlPlane, false, nil},
		{"the same host as a target", "dns:///cp.example.com", nil, controlPlane, false, nil},
		{"the same host without TLS", "http://cp.example.com", nil, controlPlane, false, nil},
		{"another host without TLS", "http://dp.example.com", []string{dataPlane}, controlPlane, true, nil},
		{"another domain", "https://" + foreign, []string{foreign}, controlPlane, true, nil},
		{
			"an allowed host", "https://" + foreign, []string{foreign}, foreign, false,
			[]clientset.Option{clientset.WithClusterHosts(foreign)},
		},
		{
			"an allowed domain", "https://" + foreign, []string{foreign}, foreign, false,
			[]clientset.Option{clientset.WithClusterHosts("*.example.net")},
		},
		{
			"an allowed host without TLS", "http://" + foreign, []string{foreign}, controlPlane, true,
			[]clientset.Option{clientset.WithClusterHosts(foreign)},
		},
		{"no host", "unix:/run/flyte.sock", nil, controlPlane, true, nil},
		{
			"another host, and no routing", "https://dp.example.com", []string{dataPlane}, controlPlane, false,
			[]clientset.Option{clientset.WithoutClusterRouting()},
		},
	} {
		for login, client := range logins() {
			t.Run(tt.name+" "+login, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := newPlanes(t, tt.names, tt.hosts...)
					cs := loggedIn(t, made(t)(client(p, tt.opts...)))
					for action := range 3 {
						if err := readAction(soon(t), cs, fmt.Sprint("a", action)); status.Code(err) != codes.NotFound {
							t.Errorf("%v, want the plane's NotFound", err)
						}
					}

					// The call arrives where it should, ...
					own := tt.want == controlPlane
					var clusters []string
					if !own {
						clusters = []string{tt.want}
						if !strings.Contains(tt.want, ":") {
							clusters[0] += ":443"
						}
					}
					if got := cs.ClusterEndpoints(); !slices.Equal(got, clusters) {
						t.Errorf("clusters %q, want %q", got, clusters)
					}
					arrived := p.control
					if data := p.data[tt.want]; data != nil {
						arrived = data
					}
					if n := calls(arrived, getActionData); n != 3 {
						t.Errorf("%d calls arrived there, want 3", n)
					}

					// ... with the one token, ...
					if n := tokensIssued(p.control); n != 1 {
						t.Errorf("%d tokens were issued, want 1", n)
					}
					// ... and nothing is sent to a host that must not have the token.
					for host, data := range p.data {
						if n := data.TokenRequests(); n != 0 {
							t.Errorf("%d token requests at %s, want none", n, host)
						}
						if n := len(data.Requests()) + p.dials(host); host != tt.want && n != 0 {
							t.Errorf("%d connections and requests to %s, want none", n, host)
						}
						if n := p.dials(host); host == tt.want && n != 1 {
							t.Errorf("%d connections to %s, want 1", n, host)
						}
					}
					if n := strings.Count(p.seen.String(), "WARN"); (n != 0) != tt.warns {
						t.Errorf("warnings: %v, want %v:\n%s", n, tt.warns, p.seen.String())
					}
				})
			})
		}
	}
}

func TestWhatTheControlPlaneCannotSayIsServedByItself(t *testing.T) {
	t.Parallel()
	for login, client := range logins() {
		t.Run(login, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlanes(t, "https://dp.example.com", dataPlane)
				cs := loggedIn(t, made(t)(client(p)))
				p.control.Script().FailNext(selectCluster, 1, codes.Unimplemented, "no such service")
				for action := range 3 {
					if err := readAction(soon(t), cs, fmt.Sprint("a", action)); status.Code(err) != codes.NotFound {
						t.Errorf("%v, want the control plane's NotFound", err)
					}
				}
				if asked, got := calls(p.control, selectCluster), calls(p.control, getActionData); asked != 1 || got != 3 {
					t.Errorf("%d questions and %d calls, want 1 and 3", asked, got)
				}
				time.Sleep(5 * time.Minute) // the control plane has a new version meanwhile
				if err := readAction(soon(t), cs, "a0"); status.Code(err) != codes.NotFound || calls(p.data[dataPlane], getActionData) != 1 {
					t.Errorf("%v, want the data plane's NotFound", err)
				}
			})
		})
	}
}

func TestWhatTheControlPlaneRefusesIsTheCallsError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlanes(t, "https://dp.example.com", dataPlane)
		cs := p.with(t)
		p.control.Script().FailNext(selectCluster, 1, codes.PermissionDenied, "not yours")
		err := readAction(soon(t), cs, "a0")
		wrapped, ok := errors.AsType[*clientset.Error](err)
		if status.Code(err) != codes.PermissionDenied || !ok || wrapped.Op != "select cluster" || !strings.Contains(err.Error(), "not yours") {
			t.Errorf("%v, want PermissionDenied of select cluster", err)
		}
	})
}

func TestAClusterThatMovedIsFound(t *testing.T) {
	t.Parallel()
	const second = "dp2.example.com"
	for login, client := range logins() {
		for how, leave := range map[string]func(t *testing.T, s *mockserver.Server){
			"it refuses": func(_ *testing.T, s *mockserver.Server) {
				s.Script().FailNext(getActionData, 1, codes.Unimplemented, "not here any more")
			},
			"it is gone": func(t *testing.T, s *mockserver.Server) {
				t.Helper()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			},
		} {
			t.Run(how+" "+login, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := newPlanes(t, "https://dp.example.com", dataPlane, second)
					cs := loggedIn(t, made(t)(client(p)))
					_ = readAction(soon(t), cs, "a0")
					time.Sleep(10 * time.Second)
					leave(t, p.data[dataPlane])
					p.name("https://dp2.example.com")
					if err := readAction(soon(t), cs, "a0"); status.Code(err) != codes.NotFound || calls(p.data[second], getActionData) != 1 {
						t.Errorf("%v, want the NotFound of the second data plane", err)
					}
					if n := tokensIssued(p.control); n != 1 {
						t.Errorf("%d tokens were issued, want 1", n)
					}
				})
			})
		}
	}
}

func TestARejectedTokenIsReplacedOnceForAllPlanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlanes(t, "https://dp.example.com", dataPlane)
		cs := p.with(t)
		_ = readAction(soon(t), cs, "a0")
		p.control.Script().RevokeTokens()
		if err := readAction(soon(t), cs, "a0"); status.Code(err) != codes.NotFound {
			t.Errorf("%v, want the data plane's NotFound", err)
		}
		if err := list(soon(t), cs); err != nil {
			t.Error(err)
		}
		if n := tokensIssued(p.control); n != 2 {
			t.Errorf("%d tokens were issued, want 2", n)
		}
	})
}

func TestOneConnectionServesAThousandResources(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlanes(t, "https://dp.example.com", dataPlane)
		cs := p.with(t)
		for action := range 1000 {
			if err := readAction(soon(t), cs, fmt.Sprint("a", action)); status.Code(err) != codes.NotFound {
				t.Fatal(err)
			}
		}
		if n := p.dials(dataPlane); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
		if n := p.control.TokenRequests(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

func TestSecretsGoToTheirCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlanes(t, "https://dp.example.com", dataPlane)
		cs := p.with(t)
		id := &secretpb.SecretIdentifier{Name: "token", Domain: "development", Project: project}
		if _, err := cs.Secret().CreateSecret(soon(t), &secretpb.CreateSecretRequest{
			Id: id, SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "s"}},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := cs.Secret().GetSecret(soon(t), &secretpb.GetSecretRequest{Id: id}); err != nil {
			t.Error(err)
		}
		if n := calls(p.data[dataPlane], secretpb.SecretService_GetSecret_FullMethodName); n != 1 {
			t.Errorf("%d calls at the data plane, want 1", n)
		}
	})
}

func tailAtDataPlane(t *testing.T, cs *clientset.ClientSet) dataproxypb.DataProxyService_TailLogsClient {
	t.Helper()
	s, err := cs.DataProxy().TailLogs(soon(t), &dataproxypb.TailLogsRequest{Attempt: 1, ActionId: &commonpb.ActionIdentifier{
		Run: &commonpb.RunIdentifier{Project: project, Domain: "development", Name: "run"}, Name: "a0",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShutdownWaitsForStreamsOfClusters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlanes(t, "https://dp.example.com", dataPlane)
		cs := p.with(t)
		tailLogs := dataproxypb.DataProxyService_TailLogs_FullMethodName
		held := p.data[dataPlane].Script().Hold(tailLogs)
		p.data[dataPlane].Script().BreakStream(tailLogs, 0, codes.OK, "")
		stream := tailAtDataPlane(t, cs)
		done := make(chan error, 1)
		go func() { done <- cs.Shutdown(soon(t)) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("Shutdown came back with a stream under way: %v", err)
		default:
		}
		if err := readAction(soon(t), cs, "a0"); !errors.Is(err, clientset.ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
		held.Release()
		if _, err := stream.Recv(); err != io.EOF && status.Code(err) != codes.NotFound { //nolint:errorlint // callers compare with ==
			t.Errorf("the stream ended with %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestCloseEndsCallsOnClusters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlanes(t, "https://dp.example.com", dataPlane)
		cs := p.with(t)
		p.data[dataPlane].Script().Hold(getActionData)
		p.data[dataPlane].Script().Hold(dataproxypb.DataProxyService_TailLogs_FullMethodName)
		stream := tailAtDataPlane(t, cs)
		call := make(chan error, 1)
		go func() { call <- readAction(soon(t), cs, "a0") }()
		synctest.Wait()
		if err := cs.Close(); err != nil {
			t.Error(err)
		}
		_, streamErr := stream.Recv()
		_, lateErr := cs.DataProxy().TailLogs(soon(t), &dataproxypb.TailLogsRequest{})
		for what, err := range map[string]error{
			"call": <-call, "stream": streamErr, "a later call": readAction(soon(t), cs, "a1"), "a later stream": lateErr,
		} {
			if !errors.Is(err, clientset.ErrClosed) || status.Code(err) != codes.Unavailable {
				t.Errorf("%s: %v, want ErrClosed as Unavailable", what, err)
			}
		}
	})
}

func TestAdviceNamesTheCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlanes(t, "https://dp.example.com", dataPlane)
		delete(p.data, dataPlane) // not in the client's CA list, and not reachable
		cs := p.with(t, clientset.WithoutRetry())
		err := readAction(soon(t), cs, "a0")
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "dp.example.com:443") {
			t.Errorf("%v, want Unavailable with the address of the cluster", err)
		}
	})
}

// Without TLS the same rules hold, except for TLS itself.
func TestCallsWithoutTLSStayOnTheEndpointsHost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		host string
		opts []clientset.Option
		own  bool
	}{
		"the same host":   {"127.0.0.1", nil, true},
		"another host":    {"localhost", nil, false},
		"an allowed host": {"localhost", []clientset.Option{clientset.WithClusterHosts("localhost")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			control := quiet(t)
			data := quiet(t, mockserver.WithControlPlane(control))
			control.Backend().SetClusters(func(context.Context, *clusterpb.SelectClusterRequest) (*clusterpb.SelectClusterResponse, error) {
				return &clusterpb.SelectClusterResponse{ClusterEndpoint: strings.Replace(data.URL(), "127.0.0.1", tt.host, 1)}, nil
			})
			cs := made(t)(clientset.ForAPIKey(control.APIKey(), tt.opts...))
			if err := readAction(soon(t), cs, "a0"); status.Code(err) != codes.NotFound {
				t.Errorf("%v, want a NotFound", err)
			}
			if n := len(data.Requests()); (n != 0) != tt.own {
				t.Errorf("%d requests at the data plane, want some: %v", n, tt.own)
			}
		})
	}
}

func TestClusterHostsAreHosts(t *testing.T) {
	t.Parallel()
	_, err := clientset.ForEndpoint("flyte.example.com", clientset.WithClusterHosts("https://dp.example.com"))
	if err == nil || !strings.Contains(err.Error(), "WithClusterHosts") {
		t.Errorf("%v, want an error that names the option", err)
	}
}
