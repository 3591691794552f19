package interceptors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

const method = "/test.Service/Method"

// server is an invoker that answers from a list, then with success, and records
// the metadata of every attempt.
type server struct {
	answers  []error
	attempts []metadata.MD
}

func (s *server) invoke(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
	md, _ := metadata.FromOutgoingContext(ctx)
	s.attempts = append(s.attempts, md)
	if n := len(s.attempts); n <= len(s.answers) {
		return s.answers[n-1]
	}
	return nil
}

func (s *server) call(ctx context.Context, i grpc.UnaryClientInterceptor) error {
	return i(ctx, method, nil, nil, nil, s.invoke)
}

var (
	errRejected = status.Error(codes.Unauthenticated, "no")
	err407      = status.Error(codes.Unknown, `unexpected HTTP status code received from server: 407 (Proxy Authentication Required); malformed header: missing HTTP content-type`)
)

func TestGoodCredentialsTakeOneAttempt(t *testing.T) {
	t.Parallel()
	src, srv := newSource(), &server{}

	err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

	want := []metadata.MD{{"authorization": {"Bearer token-0"}}}
	if diff := cmp.Diff(want, srv.attempts); err != nil || diff != "" {
		t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
	}
	if refreshes, _ := src.counts(); refreshes != 0 {
		t.Errorf("%d refreshes", refreshes)
	}
}

func TestRejectedCallIsMadeOnceMoreWithTheReplacement(t *testing.T) {
	t.Parallel()
	src, srv := newSource(), &server{answers: []error{errRejected}}
	used := src.now

	err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

	want := []metadata.MD{{"authorization": {"Bearer token-0"}}, {"authorization": {"Bearer token-1"}}}
	if diff := cmp.Diff(want, srv.attempts); err != nil || diff != "" {
		t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
	}
	if len(src.stale) != 1 || src.stale[0] != used {
		t.Errorf("refreshed %v, want once, what the call had carried", src.stale)
	}
}

func TestSecondRejectionIsTheAnswer(t *testing.T) {
	t.Parallel()
	second := status.Error(codes.Unauthenticated, "still no")
	src, srv := newSource(), &server{answers: []error{errRejected, second}}

	err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

	if !errors.Is(err, second) || len(srv.attempts) != 2 {
		t.Errorf("%d attempts, then %v", len(srv.attempts), err)
	}
}

// The server's reason may help if there are no other credentials; it must not contain
// them.
func TestErrorQuotesTheServerWithoutTokens(t *testing.T) {
	t.Parallel()
	said := "token-0 is for the audience https://other.example; " + strings.Repeat("é", 2000) + " the end"
	src, srv := newSource(), &server{answers: []error{status.Error(codes.Unauthenticated, said)}}
	src.refreshErr = auth.ErrRejected

	err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

	text := fmt.Sprint(err)
	if !strings.Contains(text, `answered Unauthenticated ("[token] is for the audience https://other.example; éé`) ||
		strings.Contains(text, "token-0") || len(text) > 1000 || !strings.Contains(text, "é the end") || !utf8.ValidString(text) || !errors.Is(err, auth.ErrRejected) {
		t.Errorf("got %s", text)
	}
}

func TestOtherErrorsAreReturnedUnchanged(t *testing.T) {
	t.Parallel()
	for _, answer := range []error{
		status.Error(codes.NotFound, "no such thing"),
		status.Error(codes.PermissionDenied, "not yours"),
		status.Error(codes.Canceled, "canceled"),
		status.Error(codes.Aborted, "aborted"),
		status.Error(codes.Unavailable, "Unauthorized"),
		status.Error(codes.Unknown, "an application's own"),
		status.Error(codes.Unauthenticated, "transport: cannot send secure credentials on an insecure connection"),
		status.Error(codes.Unauthenticated, "transport: per-RPC creds failed due to error: disk full"),
		&interceptors.Error{Op: "get credentials", Err: auth.ErrRejected},
		io.EOF,
	} {
		src, srv := newSource(), &server{answers: []error{answer}}
		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))
		if refreshes, _ := src.counts(); !errors.Is(err, answer) || len(srv.attempts) != 1 || refreshes != 0 {
			t.Errorf("%v became %v after %d attempts and %d refreshes", answer, err, len(srv.attempts), refreshes)
		}
	}
}

func TestCallsWithoutCredentialsCarryNone(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]*auth.Credentials{
		"none":         nil,
		"renewal only": {RefreshToken: "r"},
	} {
		src, srv := &source{now: now}, &server{answers: []error{errRejected}}

		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

		want := []metadata.MD{nil, {"authorization": {"Bearer token-1"}}}
		if diff := cmp.Diff(want, srv.attempts); err != nil || diff != "" {
			t.Errorf("%s: %v, attempts (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestSourceIsNotAskedBeforeTheFirstCall(t *testing.T) {
	t.Parallel()
	src := newSource()
	interceptors.UnaryClientAuth(src)
	interceptors.StreamClientAuth(src)
	if src.asked+src.refreshes != 0 {
		t.Error("the source was asked by a constructor")
	}
}

// Metadata of the caller survives both attempts, next to exactly one value under
// the key of the credentials, whichever that is at the time.
func TestCredentialsReplaceTheirKeyAndKeepOtherMetadata(t *testing.T) {
	t.Parallel()
	src, srv := newSource(), &server{answers: []error{errRejected}}
	src.headerKey = "Flyte-Authorization"
	ctx := metadata.AppendToOutgoingContext(t.Context(),
		"authorization", "Bearer the-caller's", "Authorization", "twice",
		"x-request-id", "mine", "x-list", "1", "x-list", "2")

	err := srv.call(ctx, interceptors.UnaryClientAuth(src, interceptors.WithRequestID()))

	rest := metadata.MD{"x-request-id": {"mine"}, "x-list": {"1", "2"}}
	want := []metadata.MD{
		metadata.Join(rest, metadata.MD{"authorization": {"Bearer token-0"}}),
		metadata.Join(rest, metadata.MD{"authorization": {"Bearer the-caller's", "twice"}, "flyte-authorization": {"Bearer token-1"}}),
	}
	if diff := cmp.Diff(want, srv.attempts); err != nil || diff != "" {
		t.Errorf("%v, attempts (-want +got):\n%s", err, diff)
	}
	if sent, _ := metadata.FromOutgoingContext(ctx); len(sent["authorization"]) != 2 {
		t.Error("the caller's context was changed")
	}
}

func TestSourceErrorsAreReturnedAtOnce(t *testing.T) {
	t.Parallel()
	for want, cause := range map[codes.Code]error{
		codes.Unavailable:       &auth.Error{Op: "login", Err: errors.New("connection refused")},
		codes.Unauthenticated:   &auth.Error{Op: "login", Err: auth.ErrInteractionRequired},
		codes.DeadlineExceeded:  context.DeadlineExceeded,
		codes.Canceled:          fmt.Errorf("waiting: %w", context.Canceled),
		codes.ResourceExhausted: status.Error(codes.ResourceExhausted, "slow down"),
	} {
		src, srv := newSource(), &server{}
		src.credentialsErr = cause

		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

		var own *interceptors.Error
		if status.Code(err) != want || !errors.Is(err, cause) || !errors.As(err, &own) || own.Method != method {
			t.Errorf("%v became %v (%v), want %v", cause, err, status.Code(err), want)
		}
		if refreshes, _ := src.counts(); refreshes != 0 || len(srv.attempts) != 0 {
			t.Errorf("%v led to %d refreshes and %d attempts", cause, refreshes, len(srv.attempts))
		}
	}
}

// After a rejection only transient errors, those of settings and those of the caller's context keep
// their code. Both causes stay reachable by errors.Is.
func TestFailedRefreshKeepsTransientCodesOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cause error
		want  codes.Code
	}{
		{&auth.Error{Op: "renew", Err: errors.New("503")}, codes.Unavailable},
		{&auth.Error{Op: "renew", Err: auth.ErrMisconfigured}, codes.FailedPrecondition},
		{&auth.Error{Op: "renew", Err: auth.ErrRejected}, codes.Unauthenticated},
		{&auth.Error{Op: "renew", Err: context.DeadlineExceeded}, codes.DeadlineExceeded},
		{context.Canceled, codes.Canceled},
		{errors.New("anything"), codes.Unauthenticated},
		{status.Error(codes.Internal, "odd"), codes.Unauthenticated},
		{okError{}, codes.Unauthenticated},
	} {
		src, srv := newSource(), &server{answers: []error{errRejected}}
		src.refreshErr = tt.cause

		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src, interceptors.WithRequestID()))

		if status.Code(err) != tt.want || !errors.Is(err, tt.cause) || !errors.Is(err, errRejected) {
			t.Errorf("%v became %v (%v), want %v", tt.cause, err, status.Code(err), tt.want)
		}
		if len(srv.attempts) != 1 || interceptors.RequestID(err) != srv.attempts[0]["x-request-id"][0] {
			t.Errorf("%d attempts, request id %q", len(srv.attempts), interceptors.RequestID(err))
		}
	}
}

type okError struct{}

func (okError) Error() string              { return "says OK" }
func (okError) GRPCStatus() *status.Status { return status.New(codes.OK, "") }

// unhelpful is a source without a replacement.
type unhelpful struct{ now, next *auth.Credentials }

func (u unhelpful) Credentials(context.Context) (*auth.Credentials, error) { return u.now, nil }
func (u unhelpful) Refresh(context.Context, *auth.Credentials) (*auth.Credentials, error) {
	return u.next, nil
}

func TestWithoutAReplacementTheRejectionIsTheAnswer(t *testing.T) {
	t.Parallel()
	now := &auth.Credentials{AccessToken: "t"}
	for _, next := range []*auth.Credentials{nil, now, {}} {
		srv := &server{answers: []error{errRejected}}
		err := srv.call(t.Context(), interceptors.UnaryClientAuth(unhelpful{now, next}))
		if !errors.Is(err, errRejected) || len(srv.attempts) != 1 {
			t.Errorf("%v: %d attempts, then %v", next, len(srv.attempts), err)
		}
	}
}

// A token with a line end, as files have, must give a clear error, without the token.
func TestCredentialsThatCannotBeAHeaderFailWithoutBeingShown(t *testing.T) {
	t.Parallel()
	for _, c := range []*auth.Credentials{
		{AccessToken: "s3cret\n"},
		{AccessToken: "s3crét"},
		{AccessToken: "s3cret", HeaderKey: "bad key"},
		{AccessToken: "s3cret", HeaderKey: ":path"},
		{AccessToken: "s3cret", HeaderKey: "te"},
		{AccessToken: "s3cret", HeaderKey: "grpc-timeout"},
	} {
		srv := &server{}
		err := srv.call(t.Context(), interceptors.UnaryClientAuth(unhelpful{c, nil}))
		var own *interceptors.Error
		if !errors.As(err, &own) || status.Code(err) != codes.Unauthenticated || len(srv.attempts) != 0 {
			t.Errorf("%q: got %v", c.HeaderKey, err)
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); containsFold(text, "s3cr") {
			t.Errorf("the token is in %q", text)
		}
	}
}
