package bench_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"golang.org/x/oauth2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/credentials/oauth"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

var jwt = strings.Repeat("0123456789abcdef", 58)[:923]

// BenchmarkUnary compares ways of having a token on every call, client and
// server together: allocations are exact, times only comparable in one run.
func BenchmarkUnary(b *testing.B) {
	src := &source{now: &auth.Credentials{AccessToken: jwt}}
	tokens := oauth2.ReuseTokenSource(nil, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: jwt}))
	for _, v := range []struct {
		name  string
		ready bool
		opts  []grpc.DialOption
	}{
		{name: "floor", ready: true},
		{name: "ours", opts: []grpc.DialOption{
			grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(src)),
		}},
		{name: "ours+id+retry", opts: []grpc.DialOption{
			grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(src, interceptors.WithRequestID(),
				interceptors.WithRetry(retry.UnaryClientInterceptor(retry.WithMax(3))))),
		}},
		{name: "oauth.TokenSource", opts: []grpc.DialOption{
			grpc.WithPerRPCCredentials(oauth.TokenSource{TokenSource: tokens}),
		}},
	} {
		b.Run("v="+v.name, func(b *testing.B) {
			s := grpc.NewServer()
			testpb.RegisterTestServiceServer(s, quiet{})
			tc := testpb.NewTestServiceClient(serve(b, s, append(v.opts, grpc.WithTransportCredentials(claimed{insecure.NewCredentials()}))...))
			ctx := b.Context()
			if v.ready {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+jwt)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tc.EmptyCall(ctx, &testpb.Empty{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type quiet struct {
	testpb.UnimplementedTestServiceServer
}

func (quiet) EmptyCall(context.Context, *testpb.Empty) (*testpb.Empty, error) {
	return &testpb.Empty{}, nil
}

// claimed only says that it is secure, so that credentials which insist on that
// can be compared without the cost of TLS.
type claimed struct {
	credentials.TransportCredentials
}

func (c claimed) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return conn, claim{credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}}, nil
}

func (c claimed) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "claimed"}
}

func (c claimed) Clone() credentials.TransportCredentials { return c }

type claim struct{ credentials.CommonAuthInfo }

func (claim) AuthType() string { return "claimed" }
