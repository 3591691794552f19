package clientset_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	"github.com/jetway-go/jetway/mockserver"
)

// A backend behind a resolver of the program's, as with xds:///, knows itself by the name
// of the service, which is the :authority of calls.
func TestABackendMayNameTheServiceOfAResolver(t *testing.T) {
	t.Parallel()
	const service = "flyte.example.com"
	for target, own := range map[string]bool{
		"mesh:///" + service:              true,
		"mesh:///" + service + ":8443":    true,
		"mesh://control.plane/" + service: true,
		"mesh:///other.example.org":       false,
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			s := quiet(t, mockserver.WithTLSNames(service, "other.example.org"))
			r := manual.NewBuilderWithScheme("mesh")
			r.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: s.Endpoint()}}})
			s.Backend().SetClusters(func(context.Context, *clusterpb.SelectClusterRequest) (*clusterpb.SelectClusterResponse, error) {
				return &clusterpb.SelectClusterResponse{ClusterEndpoint: "https://" + service}, nil
			})
			var log strings.Builder
			cs := made(t)(clientset.ForEndpoint(target, clientset.WithResolvers(r), clientset.WithFlow(machineFlow(s)), clientset.WithoutStore(),
				clientset.WithCAPEM(s.CACertPEM()),
				clientset.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))))
			if err := readAction(soon(t), cs, "a0"); status.Code(err) != codes.NotFound {
				t.Errorf("%v, want the backend's NotFound", err)
			}
			if warned := strings.Contains(log.String(), "WARN"); warned == own {
				t.Errorf("a warning: %v, want %v\n%s", warned, !own, log.String())
			}
		})
	}
}
