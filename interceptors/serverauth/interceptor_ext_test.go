package serverauth_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

const (
	check = "/grpc.health.v1.Health/Check"
	watch = "/grpc.health.v1.Health/Watch"
)

// annOnly accepts one token.
var annOnly = serverauth.VerifierFunc(func(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	if !strings.EqualFold(p.Scheme, "bearer") || p.Token != "ann" {
		return serverauth.Identity{}, errors.New("s3cret reasons")
	}
	return serverauth.Identity{Subject: "ann"}, nil
})

// call runs a unary method behind i and returns the identity that its handler got.
func call(t *testing.T, i grpc.UnaryServerInterceptor, method string, md metadata.MD) (subject string, known bool, err error) {
	t.Helper()
	_, err = i(metadata.NewIncomingContext(t.Context(), md), nil, &grpc.UnaryServerInfo{FullMethod: method},
		func(ctx context.Context, _ any) (any, error) {
			var id serverauth.Identity
			id, known = serverauth.IdentityFromContext(ctx)
			subject = id.Subject
			return nil, nil //nolint:nilnil // the result is not used
		})
	return subject, known, err
}

func TestMethodsAreClosedByDefault(t *testing.T) {
	t.Parallel()
	i := serverauth.Unary(annOnly)
	for name, tt := range map[string]struct {
		md   metadata.MD
		want codes.Code
	}{
		"good":               {metadata.Pairs("authorization", "Bearer ann"), codes.OK},
		"scheme in any case": {metadata.Pairs("authorization", "bEaReR ann"), codes.OK},
		"two spaces":         {metadata.Pairs("authorization", "Bearer  ann"), codes.OK},
		"nothing":            {nil, codes.Unauthenticated},
		"bad":                {metadata.Pairs("authorization", "Bearer bob"), codes.Unauthenticated},
		"no scheme":          {metadata.Pairs("authorization", "ann"), codes.Unauthenticated},
		"empty":              {metadata.Pairs("authorization", ""), codes.Unauthenticated},
		"scheme only":        {metadata.Pairs("authorization", "Bearer "), codes.Unauthenticated},
		"leading space":      {metadata.Pairs("authorization", " Bearer ann"), codes.Unauthenticated},
		"trailing space":     {metadata.Pairs("authorization", "Bearer ann "), codes.Unauthenticated},
		"two tokens":         {metadata.Pairs("authorization", "Bearer ann bob"), codes.Unauthenticated},
		"tab":                {metadata.Pairs("authorization", "Bearer\tann"), codes.Unauthenticated},
		"two good values":    {metadata.Pairs("authorization", "Bearer ann", "authorization", "Bearer ann"), codes.Unauthenticated},
		"another key":        {metadata.Pairs("x-authorization", "Bearer ann"), codes.Unauthenticated},
	} {
		subject, _, err := call(t, i, check, tt.md)
		if status.Code(err) != tt.want || (subject == "ann") != (tt.want == codes.OK) {
			t.Errorf("%s: %q, %v", name, subject, err)
		}
		if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "ann")) {
			t.Errorf("%s: the answer discloses too much: %v", name, err)
		}
	}
}

func TestNilVerifierAcceptsNothing(t *testing.T) {
	t.Parallel()
	for _, v := range []serverauth.Verifier{nil, serverauth.VerifierFunc(nil)} {
		if _, _, err := call(t, serverauth.Unary(v), check, metadata.Pairs("authorization", "Bearer ann")); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%T: got %v", v, err)
		}
	}
}

func TestOnlyNamedMethodsAreOpen(t *testing.T) {
	t.Parallel()
	i := serverauth.Unary(annOnly, serverauth.WithOpenMethods("/a.B/Open", "/c.D/*", "a.B/NoSlash", "/*", "*", "", "/a.B/Op*", "/a.*/Open2", "//Double"))
	for method, open := range map[string]bool{
		"/a.B/Open":    true,
		"/c.D/Any":     true,
		"/c.D/":        false,
		"/a.B/Opener":  false,
		"/a.B/NoSlash": false,
		"a.B/Open":     false,
		"a.B/NoSlash":  false,
		"/a.X/Open2":   false,
		"/a.B/Op*":     false,
		"/c.DD/Any":    false,
		"/x/c.D/Any":   false,
		"//Double":     false,
		"":             false,
		check:          false,
	} {
		for _, bad := range []metadata.MD{nil, metadata.Pairs("authorization", "Bearer bob"), metadata.Pairs("authorization", "1 2 3")} {
			if _, known, err := call(t, i, method, bad); (err == nil) != open || known {
				t.Errorf("%q with %v: known %t, %v; want open = %t", method, bad, known, err, open)
			}
		}
		if subject, _, err := call(t, i, method, metadata.Pairs("authorization", "Bearer ann")); err != nil || subject != "ann" {
			t.Errorf("%q: a good credential gave %q, %v", method, subject, err)
		}
	}
}

func TestFirstHeaderKeyOfACallIsUsed(t *testing.T) {
	t.Parallel()
	i := serverauth.Unary(annOnly, serverauth.WithHeaderKeys("Flyte-Authorization", "authorization"))
	for name, tt := range map[string]struct {
		md metadata.MD
		ok bool
	}{
		"first":             {metadata.Pairs("flyte-authorization", "Bearer ann"), true},
		"second":            {metadata.Pairs("authorization", "Bearer ann"), true},
		"the first counts":  {metadata.Pairs("flyte-authorization", "Bearer bob", "authorization", "Bearer ann"), false},
		"the second is not": {metadata.Pairs("flyte-authorization", "Bearer ann", "authorization", "Bearer bob"), true},
	} {
		if _, _, err := call(t, i, check, tt.md); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPresentedHoldsTheCredentialAndPrintsNoSecret(t *testing.T) {
	t.Parallel()
	var got serverauth.Presented
	i := serverauth.Unary(serverauth.VerifierFunc(func(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
		got = p
		return serverauth.Identity{}, nil
	}))

	_, _, err := call(t, i, check, metadata.Pairs("cookie", "a=1; b=2", "cookie", "c=3; b@d=4", "x-other", "v"))
	if err != nil || len(got.Cookies) != 3 || got.Cookies[2].Name != "c" || got.Token != "" || got.Method != check || got.Metadata["x-other"][0] != "v" {
		t.Errorf("%v: cookies %v, method %q, metadata %v", err, got.Cookies, got.Method, got.Metadata)
	}
	if _, _, err := call(t, i, check, metadata.Pairs("authorization", "Token S3CRET", "cookie", "a=S3CRET")); err != nil || got.Scheme != "Token" || got.Token != "S3CRET" {
		t.Errorf("%v: scheme %q", err, got.Scheme)
	}
	json, err := got.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q", got, &got, got, got, got), string(json), got.LogValue().String()} {
		if strings.Contains(text, "S3CRET") || !strings.Contains(text, check) {
			t.Errorf("printed as %s", text)
		}
	}
}

type okError struct{}

func (okError) Error() string              { return "says OK" }
func (okError) GRPCStatus() *status.Status { return status.New(codes.OK, "") }

func TestCallersGetTheStatusOfVerifierErrorsAndNoOtherText(t *testing.T) {
	t.Parallel()
	denied := status.Error(codes.PermissionDenied, "scope all is missing")
	for name, tt := range map[string]struct {
		err     error
		want    codes.Code
		message string
	}{
		"status":         {denied, codes.PermissionDenied, "scope all is missing"},
		"wrapped status": {fmt.Errorf("token s3cret: %w", denied), codes.PermissionDenied, "scope all is missing"},
		"any other":      {errors.New("token s3cret has expired"), codes.Unauthenticated, "the credential was not accepted"},
		"says OK":        {okError{}, codes.Unauthenticated, "the credential was not accepted"},
	} {
		i := serverauth.Unary(serverauth.VerifierFunc(func(context.Context, serverauth.Presented) (serverauth.Identity, error) {
			return serverauth.Identity{Subject: "mallory"}, tt.err
		}))
		subject, _, err := call(t, i, check, metadata.Pairs("authorization", "Bearer s3cret"))
		if st := status.Convert(err); st.Code() != tt.want || st.Message() != tt.message || subject != "" {
			t.Errorf("%s: %q, %v", name, subject, err)
		}
	}
}

func TestVerifierPanicsReachTheCaller(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("the panic was recovered")
		}
	}()
	i := serverauth.Unary(serverauth.VerifierFunc(func(context.Context, serverauth.Presented) (serverauth.Identity, error) {
		panic("a bug")
	}), serverauth.WithOpenMethods(check))
	_, _, err := call(t, i, check, metadata.Pairs("authorization", "Bearer ann"))
	t.Errorf("got %v", err)
}

// rogue is a service that would accept every call, if the middleware asked it.
type rogue struct{ *health.Server }

func (rogue) AuthFuncOverride(ctx context.Context, _ string) (context.Context, error) {
	return serverauth.ContextWithIdentity(ctx, serverauth.Identity{Subject: "root"}), nil
}

// serve runs a real server with health checks, by a rogue service, and reflection.
func serve(t *testing.T, opts ...serverauth.Option) *grpc.ClientConn {
	t.Helper()
	s := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(annOnly, opts...)),
		grpc.ChainStreamInterceptor(serverauth.Stream(annOnly, opts...)))
	healthpb.RegisterHealthServer(s, rogue{health.NewServer()})
	reflection.Register(s)
	lis := bufconn.Listen(1 << 16)
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(lis) }()
	t.Cleanup(func() { s.Stop(); <-done })
	cc, err := grpc.NewClient("passthrough:///memory",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

func watchOnce(ctx context.Context, cc *grpc.ClientConn) error {
	s, err := healthpb.NewHealthClient(cc).Watch(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		return err
	}
	_, err = s.Recv()
	return err
}

func TestServicesCannotExemptThemselves(t *testing.T) {
	t.Parallel()
	cc := serve(t)
	if _, err := healthpb.NewHealthClient(cc).Check(t.Context(), &healthpb.HealthCheckRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("unary: %v", err)
	}
	if err := watchOnce(t.Context(), cc); status.Code(err) != codes.Unauthenticated {
		t.Errorf("stream: %v", err)
	}
	r, err := reflectionpb.NewServerReflectionClient(cc).ServerReflectionInfo(t.Context())
	if err == nil {
		_, err = r.Recv()
	}
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("reflection: %v", err)
	}
	ann := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer ann")
	if _, err := healthpb.NewHealthClient(cc).Check(ann, &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("unary with a good credential: %v", err)
	}
	if err := watchOnce(ann, cc); err != nil {
		t.Errorf("stream with a good credential: %v", err)
	}
}

// Credentials that only an attacker would send are refused like any other bad one;
// other metadata beside a good credential does not matter.
func TestHostileMetadataIsRefused(t *testing.T) {
	t.Parallel()
	cc := serve(t)
	for name, tt := range map[string]struct {
		pairs []string
		want  codes.Code
	}{
		"values joined by a comma":    {[]string{"authorization", "Bearer ann,Bearer ann"}, codes.Unauthenticated},
		"a good and a bad value":      {[]string{"authorization", "Bearer ann", "authorization", "Bearer bob"}, codes.Unauthenticated},
		"an empty second value":       {[]string{"authorization", "Bearer ann", "authorization", ""}, codes.Unauthenticated},
		"many values":                 {slices.Repeat([]string{"authorization", "Bearer ann"}, 1000), codes.Unauthenticated},
		"a long token":                {[]string{"authorization", "Bearer " + strings.Repeat("a", 1<<20)}, codes.Unauthenticated},
		"a binary key":                {[]string{"authorization-bin", "Bearer ann"}, codes.Unauthenticated},
		"too many cookies":            {[]string{"cookie", strings.Repeat("a=b; ", 100_000)}, codes.Unauthenticated},
		"bytes that are not ASCII":    {[]string{"x-blob-bin", "\xff\x00\n", "authorization", "Bearer ann"}, codes.OK},
		"too many cookies beside it":  {[]string{"cookie", strings.Repeat("a=b; ", 100_000), "authorization", "Bearer ann"}, codes.OK},
		"another scheme":              {[]string{"authorization", "Basic ann"}, codes.Unauthenticated},
		"the identity, as if decided": {[]string{"identity", "ann", "subject", "ann"}, codes.Unauthenticated},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), tt.pairs...)
		if _, err := healthpb.NewHealthClient(cc).Check(ctx, &healthpb.HealthCheckRequest{}); status.Code(err) != tt.want {
			t.Errorf("%s: unary: %v", name, err)
		}
		if err := watchOnce(ctx, cc); status.Code(err) != tt.want {
			t.Errorf("%s: stream: %v", name, err)
		}
	}
}

func TestOpenMethodsOpenNoNeighbour(t *testing.T) {
	t.Parallel()
	cc := serve(t, serverauth.WithOpenMethods(watch))
	if err := watchOnce(t.Context(), cc); err != nil {
		t.Errorf("the named one: %v", err)
	}
	if _, err := healthpb.NewHealthClient(cc).Check(t.Context(), &healthpb.HealthCheckRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("its neighbour: %v", err)
	}
}

func TestStreamHandlersGetTheIdentity(t *testing.T) {
	t.Parallel()
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer ann"))
	srv := new(int)
	err := serverauth.Stream(annOnly)(srv, stubStream{ctx: ctx}, &grpc.StreamServerInfo{FullMethod: watch},
		func(got any, ss grpc.ServerStream) error {
			if id, ok := serverauth.IdentityFromContext(ss.Context()); !ok || id.Subject != "ann" || got != any(srv) {
				t.Errorf("identity %v, %t; service %v", id, ok, got)
			}
			return nil
		})
	if err != nil {
		t.Error(err)
	}
}

type stubStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s stubStream) Context() context.Context { return s.ctx }
