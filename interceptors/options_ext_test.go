package interceptors_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/interceptors"
)

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

func TestProxySourceIsAttachedAndRefreshedOnItsOwn(t *testing.T) {
	t.Parallel()
	main, proxy := newSource(), newSource()
	i := interceptors.UnaryClientAuth(main, interceptors.WithProxySource(proxy))

	t.Run("has a header of its own", func(t *testing.T) {
		srv := &server{}
		err := srv.call(t.Context(), i)
		want := []metadata.MD{{"authorization": {"Bearer token-0"}, "proxy-authorization": {"Bearer token-0"}}}
		if diff := cmp.Diff(want, srv.attempts); err != nil || diff != "" {
			t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
		}
	})
	t.Run("is refreshed by 407, the main source by 401, each once", func(t *testing.T) {
		srv := &server{answers: []error{err407, errRejected, err407}}
		err := srv.call(t.Context(), i)
		want := []metadata.MD{
			{"authorization": {"Bearer token-0"}, "proxy-authorization": {"Bearer token-0"}},
			{"authorization": {"Bearer token-0"}, "proxy-authorization": {"Bearer token-1"}},
			{"authorization": {"Bearer token-1"}, "proxy-authorization": {"Bearer token-1"}},
		}
		if diff := cmp.Diff(want, srv.attempts); !errors.Is(err, err407) || diff != "" {
			t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
		}
	})
	t.Run("may name another header", func(t *testing.T) {
		srv := &server{}
		named := unhelpful{now: &auth.Credentials{AccessToken: "c=1", HeaderKey: "Cookie", TokenType: auth.Raw}}
		err := srv.call(t.Context(), interceptors.UnaryClientAuth(nil, interceptors.WithProxySource(named)))
		want := []metadata.MD{{"cookie": {"c=1"}}}
		if diff := cmp.Diff(want, srv.attempts); err != nil || diff != "" {
			t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
		}
	})
	t.Run("is not there", func(t *testing.T) {
		srv, src := &server{answers: []error{err407}}, newSource()
		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))
		if refreshes, _ := src.counts(); !errors.Is(err, err407) || refreshes != 0 {
			t.Errorf("%v after %d refreshes", err, refreshes)
		}
	})
}

func TestOpenMethodsCarryNoMainCredentials(t *testing.T) {
	t.Parallel()
	src, proxy := newSource(), newSource()
	i := interceptors.UnaryClientAuth(src, interceptors.WithProxySource(proxy),
		interceptors.WithOpenMethods("/a.B/Open", "/c.D/*", "a.B/NoSlash", "/*", "*", "", "/a.B/Op*", "/", "//x", "/a.*/Open2"))
	for method, open := range map[string]bool{
		servicepb.AuthMetadataService_GetOAuth2Metadata_FullMethodName:  true,
		authpb.AuthMetadataService_GetPublicClientConfig_FullMethodName: true,
		authpb.IdentityService_UserInfo_FullMethodName:                  false,
		"/a.B/Open":    true,
		"/a.B/Opener":  false,
		"/a.B/NoSlash": false,
		"/a.B/Op*":     false,
		"/a.X/Open2":   false,
		"/c.D/Any":     true,
		"/c.D/":        false,
		"/c.DD/Any":    false,
		"/x.C.D/Any":   false,
	} {
		srv := &server{answers: []error{errRejected}}
		before, _ := src.counts()
		err := i(t.Context(), method, nil, nil, nil, srv.invoke)
		after, _ := src.counts()
		first := srv.attempts[0]
		if got := len(first["authorization"]) == 0; got != open {
			t.Errorf("%s: open = %v, want %v", method, got, open)
		}
		if (err != nil) != open || (after == before) != open {
			t.Errorf("%s: a rejection gave %v and %d refreshes", method, err, after-before)
		}
		if len(first["proxy-authorization"]) != 1 {
			t.Errorf("%s: the proxy's credentials are missing", method)
		}
	}
}

func TestTransportGuardRunsBeforeAnyCredentials(t *testing.T) {
	t.Parallel()
	refused := errors.New("no credentials over plaintext")
	src, proxy := newSource(), newSource()
	guarded := func(s interceptors.Source, opts ...interceptors.Option) grpc.UnaryClientInterceptor {
		return interceptors.UnaryClientAuth(s, append(opts, interceptors.WithTransportGuard(func() error { return refused }))...)
	}
	for name, tt := range map[string]struct {
		ctx    context.Context
		i      grpc.UnaryClientInterceptor
		method string
		want   error
	}{
		"main":             {t.Context(), guarded(src), method, refused},
		"proxy":            {t.Context(), guarded(nil, interceptors.WithProxySource(proxy)), method, refused},
		"the call's own":   {interceptors.WithCallCredentials(t.Context(), metadata.Pairs("authorization", "x")), guarded(nil), method, refused},
		"none":             {t.Context(), guarded(nil, interceptors.WithRequestID()), method, nil},
		"an open method":   {t.Context(), guarded(src), authpb.AuthMetadataService_GetOAuth2Metadata_FullMethodName, nil},
		"deliberate: bare": {interceptors.WithCallCredentials(t.Context(), nil), guarded(src), method, nil},
	} {
		srv := &server{}
		err := tt.i(tt.ctx, tt.method, nil, nil, nil, srv.invoke)
		if err != tt.want || (len(srv.attempts) == 0) != (tt.want != nil) { //nolint:errorlint // it is returned as it is
			t.Errorf("%s: got %v after %d attempts, want %v", name, err, len(srv.attempts), tt.want)
		}
	}
	if src.asked+proxy.asked != 0 {
		t.Error("credentials were fetched that could not be used")
	}
}

func TestCallCredentialsReplaceTheSourceForOneCall(t *testing.T) {
	t.Parallel()
	src, srv := newSource(), &server{answers: []error{nil, errRejected}}
	i := interceptors.UnaryClientAuth(src, interceptors.WithRequestID(), interceptors.WithRequestMetadata(metadata.Pairs("x-team", "a")))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "the caller's", "x-request-id", "id", "x-keep", "1")
	own := metadata.MD{"Authorization": {"Bearer own"}, "x-tenant": {"1", "2"}}
	passed := interceptors.WithCallCredentials(ctx, own)
	own["Authorization"][0] = "changed later"

	first := srv.call(passed, i)
	second := srv.call(passed, i)

	want := metadata.MD{
		"authorization": {"Bearer own"}, "x-tenant": {"1", "2"}, "x-request-id": {"id"}, "x-keep": {"1"}, "x-team": {"a"},
	}
	if diff := cmp.Diff([]metadata.MD{want, want}, srv.attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if first != nil || !errors.Is(second, errRejected) {
		t.Errorf("got %v and %v", first, second)
	}
	if src.asked+src.refreshes != 0 {
		t.Error("the source was asked")
	}

	// The next call uses the source again.
	if err := srv.call(t.Context(), i); err != nil || srv.attempts[2]["authorization"][0] != "Bearer token-0" {
		t.Errorf("got %v with %v", err, srv.attempts[2])
	}
	// And credentials of an inner context replace those of an outer one.
	bare := interceptors.WithCallCredentials(passed, metadata.MD{})
	if err := srv.call(bare, i); err != nil || srv.attempts[3]["authorization"][0] != "the caller's" {
		t.Errorf("got %v with %v", err, srv.attempts[3])
	}
}

func TestCallCredentialsKeepTheProxysCredentials(t *testing.T) {
	t.Parallel()
	proxy, srv := newSource(), &server{answers: []error{err407}}
	i := interceptors.UnaryClientAuth(newSource(), interceptors.WithProxySource(proxy))

	err := srv.call(interceptors.WithCallCredentials(t.Context(), metadata.Pairs("authorization", "own")), i)
	want := []metadata.MD{
		{"authorization": {"own"}, "proxy-authorization": {"Bearer token-0"}},
		{"authorization": {"own"}, "proxy-authorization": {"Bearer token-1"}},
	}
	if diff := cmp.Diff(want, srv.attempts); err != nil || diff != "" {
		t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
	}

	srv = &server{}
	err = srv.call(interceptors.WithCallCredentials(t.Context(), metadata.Pairs("proxy-authorization", "own")), i)
	if diff := cmp.Diff([]metadata.MD{{"proxy-authorization": {"own"}}}, srv.attempts); err != nil || diff != "" {
		t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
	}
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestRequestIDIsSentAndFoundInErrors(t *testing.T) {
	t.Parallel()
	notFound := status.Error(codes.NotFound, "gone")
	srv := &server{answers: []error{errRejected, notFound}}
	i := interceptors.UnaryClientAuth(newSource(), interceptors.WithRequestID())

	err := srv.call(t.Context(), i)

	first, second := srv.attempts[0]["x-request-id"], srv.attempts[1]["x-request-id"]
	if len(first) != 1 || !uuid4.MatchString(first[0]) || !cmp.Equal(first, second) {
		t.Errorf("request ids %q and %q, want one UUID for both attempts", first, second)
	}
	if got := interceptors.RequestID(err); got != first[0] {
		t.Errorf("RequestID(err) = %q", got)
	}
	if st, ok := status.FromError(err); !ok || st.Code() != codes.NotFound || st.Message() != "gone" || err.Error() != notFound.Error() {
		t.Errorf("the server's error became %v", err)
	}
	if interceptors.RequestID(notFound) != "" || interceptors.RequestID(nil) != "" {
		t.Error("a request id out of nothing")
	}
}

func TestEveryCallHasItsOwnRequestID(t *testing.T) {
	t.Parallel()
	srv := &server{}
	i := interceptors.UnaryClientMetadata(interceptors.WithRequestID())
	seen := map[string]bool{}
	for range 1000 {
		if err := srv.call(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	for _, md := range srv.attempts {
		seen[md["x-request-id"][0]] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different ids in 1000 calls", len(seen))
	}
}

func TestRequestMetadataYieldsToTheCallers(t *testing.T) {
	t.Parallel()
	type key struct{}
	srv := &server{}
	i := interceptors.UnaryClientAuth(newSource(), interceptors.WithRequestID(),
		interceptors.WithRequestMetadata(metadata.MD{"X-Static": {"s"}, "x-both": {"static"}, "x-mine": {"static"}, "authorization": {"static"}}),
		interceptors.WithRequestMetadata(metadata.Pairs("x-more", "1", "x-more", "2")),
		interceptors.WithRequestMetadataFunc(func(ctx context.Context) metadata.MD {
			who, _ := ctx.Value(key{}).(string)
			if who == "" {
				return nil
			}
			return metadata.MD{"X-Who": {who}, "x-both": {"dynamic"}, "x-mine": {"dynamic"}, "x-request-id": {"from f"}}
		}))

	ctx := metadata.AppendToOutgoingContext(context.WithValue(t.Context(), key{}, "ann"), "x-mine", "caller's")
	err := srv.call(ctx, i)

	want := []metadata.MD{{
		"authorization": {"Bearer token-0"}, "x-static": {"s"}, "x-more": {"1", "2"},
		"x-both": {"dynamic"}, "x-mine": {"caller's"}, "x-who": {"ann"}, "x-request-id": {"from f"},
	}}
	if diff := cmp.Diff(want, srv.attempts); err != nil || diff != "" {
		t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
	}

	if err := srv.call(t.Context(), i); err != nil || srv.attempts[1]["x-both"][0] != "static" || !uuid4.MatchString(srv.attempts[1]["x-request-id"][0]) {
		t.Errorf("got %v with %v", err, srv.attempts[1])
	}
}

func TestRequestIDOfTheMetadataIsKept(t *testing.T) {
	t.Parallel()
	srv := &server{answers: []error{nil, err407}}
	i := interceptors.UnaryClientMetadata(
		interceptors.WithRequestID(), interceptors.WithRequestMetadata(metadata.Pairs("x-request-id", "fixed")))
	err := srv.call(t.Context(), i)
	if diff := cmp.Diff([]metadata.MD{{"x-request-id": {"fixed"}}}, srv.attempts); err != nil || diff != "" {
		t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
	}
	if err := srv.call(t.Context(), i); interceptors.RequestID(err) != "fixed" {
		t.Errorf("the error %v tells the request id %q", err, interceptors.RequestID(err))
	}
}

func TestRetryGetsServerErrorsOnlyAndCurrentCredentials(t *testing.T) {
	t.Parallel()
	down := status.Error(codes.Unavailable, "down")
	again := interceptors.WithRetry(retry.UnaryClientInterceptor(
		retry.WithMax(3), retry.WithBackoff(retry.BackoffLinear(time.Microsecond)), retry.WithCodes(codes.Unavailable)))

	t.Run("keeps the request id and other metadata, and takes current credentials", func(t *testing.T) {
		t.Parallel()
		src, srv := newSource(), &server{answers: []error{down, errRejected}}
		asked := 0
		once := interceptors.WithRequestMetadataFunc(func(context.Context) metadata.MD {
			asked++
			return metadata.Pairs("x-asked", strconv.Itoa(asked))
		})
		if err := srv.call(t.Context(), interceptors.UnaryClientAuth(src, again, interceptors.WithRequestID(), once)); err != nil {
			t.Fatal(err)
		}
		var ids, tokens, pairs []string
		for _, md := range srv.attempts {
			ids = append(ids, md["x-request-id"]...)
			tokens = append(tokens, md["authorization"]...)
			pairs = append(pairs, md["x-asked"]...)
		}
		if diff := cmp.Diff([]string{"1", "1", "1"}, pairs); diff != "" {
			t.Errorf("pairs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Bearer token-0", "Bearer token-0", "Bearer token-1"}, tokens); diff != "" {
			t.Errorf("tokens (-want +got):\n%s", diff)
		}
		if len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] {
			t.Errorf("request ids %q", ids)
		}
		if got := srv.attempts[1]["x-retry-attempt"]; len(got) != 1 || got[0] != "1" {
			t.Errorf("what the retry adds is missing: %v", srv.attempts[1])
		}
	})
	t.Run("gives up with the last answer", func(t *testing.T) {
		t.Parallel()
		last := status.Error(codes.Unavailable, "still down")
		srv := &server{answers: []error{down, down, last, nil}}
		err := srv.call(t.Context(), interceptors.UnaryClientAuth(newSource(), again))
		if !errors.Is(err, last) || len(srv.attempts) != 3 {
			t.Errorf("%d attempts, then %v", len(srv.attempts), err)
		}
	})
	t.Run("tells the request id when time is up between two attempts", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			slowly := interceptors.WithRetry(retry.UnaryClientInterceptor(
				retry.WithMax(3), retry.WithBackoff(retry.BackoffLinear(time.Hour)), retry.WithCodes(codes.Unavailable)))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			srv := &server{answers: []error{down}}
			err := srv.call(ctx, interceptors.UnaryClientAuth(newSource(), slowly, interceptors.WithRequestID()))
			if want := srv.attempts[0]["x-request-id"][0]; status.Code(err) != codes.DeadlineExceeded || interceptors.RequestID(err) != want {
				t.Errorf("%v with request id %q, want DeadlineExceeded with %q", err, interceptors.RequestID(err), want)
			}
		})
	})
	t.Run("is not for errors made on this side", func(t *testing.T) {
		t.Parallel()
		src, srv := newSource(), &server{answers: []error{errRejected}}
		src.refreshErr = &auth.Error{Op: "renew", Err: errors.New("connection refused")} // Unavailable
		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src, again))
		if status.Code(err) != codes.Unavailable || len(srv.attempts) != 1 || src.refreshes != 1 {
			t.Errorf("%d attempts, %d refreshes, then %v", len(srv.attempts), src.refreshes, err)
		}
		src.credentialsErr = src.refreshErr
		if err := srv.call(t.Context(), interceptors.UnaryClientAuth(src, again)); status.Code(err) != codes.Unavailable || len(srv.attempts) != 1 {
			t.Errorf("%d attempts, then %v", len(srv.attempts), err)
		}
	})
}

func TestLogWarnsOfLongTokensOnceAndContainsNoToken(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	src, srv := newSource(), &server{answers: []error{errRejected, nil, errRejected}}
	src.now.AccessToken = strings.Repeat("s3cret", 1000)
	i := interceptors.UnaryClientAuth(src, interceptors.WithLogger(logger))
	for range 2 {
		if err := srv.call(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	text := out.String()
	if strings.Count(text, "level=WARN") != 1 || strings.Count(text, "credentials rejected") != 2 {
		t.Errorf("logged:\n%s", text)
	}
	if strings.Contains(text, "s3cret") || strings.Contains(text, "token-1") {
		t.Error("a token was logged")
	}
}
