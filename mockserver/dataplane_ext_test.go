package mockserver_test

import (
	"context"
	"crypto/x509"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// A data plane takes the tokens of its control plane, and no others, under a name of its own.
func TestADataPlaneTakesTheTokensOfItsControlPlane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		control := mocktest.New(t, mockserver.WithInMemory())
		data := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithTLSNames("dp.example.com"), mockserver.WithControlPlane(control))
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(data.CACertPEM())
		conn, err := grpc.NewClient("passthrough:///dp.example.com", grpc.WithContextDialer(data.DialContext),
			grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(pool, "")))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		for issuer, want := range map[*mockserver.Server]codes.Code{control: codes.OK, data: codes.Unauthenticated} {
			issued, err := issuer.Script().IssueToken(oauth.TokenSpec{Scopes: []string{mockserver.DefaultScope}})
			if err != nil {
				t.Fatal(err)
			}
			ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+issued.AccessToken)
			if _, err := projectpb.NewProjectServiceClient(conn).ListProjects(ctx, &projectpb.ListProjectsRequest{}); status.Code(err) != want {
				t.Errorf("a token of the control plane: %v; %v, want %v", issuer == control, err, want)
			}
		}
		login, err := authpb.NewAuthMetadataServiceClient(conn).GetOAuth2Metadata(context.Background(), &authpb.GetOAuth2MetadataRequest{})
		if err != nil || login.GetTokenEndpoint() != control.TokenURL() {
			t.Errorf("the login is at %q, %v, want %q", login.GetTokenEndpoint(), err, control.TokenURL())
		}
	})
}
