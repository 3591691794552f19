package clientset_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/mockserver"
)

// Every error of a call is one of few kinds, and all of them read as a gRPC
// status: the server's own, or one of three types that say which part of this
// side it came from.
func TestErrorsOfCalls(t *testing.T) {
	t.Parallel()
	const (
		servers = "the server's own"
		ours    = "*clientset.Error"
		logins  = "*interceptors.Error around an *auth.Error"
	)
	kind := func(err error) string {
		var set *clientset.Error
		var attach *interceptors.Error
		var login *auth.Error
		switch {
		case errors.As(err, &set):
			return ours
		case errors.As(err, &attach) && errors.As(err, &login):
			return logins
		case errors.As(err, &attach) || errors.As(err, &login):
			return "half of " + logins
		default:
			return servers
		}
	}
	login := func(s *mockserver.Server, secret string) clientset.Option {
		return clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(secret)})
	}
	for name, tc := range map[string]struct {
		opts  func(*mockserver.Server) []clientset.Option
		given func(*mockserver.Server, *clientset.ClientSet)
		kind  string
		code  codes.Code
		is    error
	}{
		"the application's": {
			given: func(s *mockserver.Server, _ *clientset.ClientSet) {
				s.Script().FailNext(listProjects, 1, codes.NotFound, "scripted")
			}, kind: servers, code: codes.NotFound,
		},
		"not allowed": {
			given: func(s *mockserver.Server, _ *clientset.ClientSet) {
				s.Script().FailNext(listProjects, 1, codes.PermissionDenied, "scripted")
			}, kind: servers, code: codes.PermissionDenied,
		},
		"rejected with every token": {
			given: func(s *mockserver.Server, _ *clientset.ClientSet) { s.Script().RejectNext(2) },
			kind:  servers, code: codes.Unauthenticated,
		},
		"the backend is gone": {
			given: func(s *mockserver.Server, _ *clientset.ClientSet) { _ = s.Close() },
			kind:  servers, code: codes.Unavailable,
		},
		"the login is refused": {
			opts: func(s *mockserver.Server) []clientset.Option { return []clientset.Option{login(s, "wrong")} },
			kind: logins, code: codes.Unauthenticated, is: auth.ErrRejected,
		},
		"no login is stored": {
			opts: func(*mockserver.Server) []clientset.Option {
				return []clientset.Option{clientset.WithFlow(flow.Stored{})}
			},
			kind: logins, code: codes.Unauthenticated, is: auth.ErrInteractionRequired,
		},
		"the token endpoint is down": {
			given: func(s *mockserver.Server, _ *clientset.ClientSet) {
				s.Script().RevokeTokens()
				s.Script().TokenEndpoint().Down(true)
			}, kind: logins, code: codes.Unauthenticated, is: auth.ErrNotReplaced,
		},
		"the token endpoint floods": {
			given: func(s *mockserver.Server, _ *clientset.ClientSet) {
				s.Script().RevokeTokens()
				s.Script().TokenEndpoint().Flood(10 << 20)
			}, kind: logins, code: codes.Unauthenticated, is: auth.ErrNotReplaced,
		},
		"closed": {
			given: func(_ *mockserver.Server, cs *clientset.ClientSet) { _ = cs.Close() },
			kind:  ours, code: codes.Unavailable, is: clientset.ErrClosed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := quiet(t)
			opts := append(reach(s), clientset.WithInsecure(), clientset.WithoutRetry())
			if tc.opts == nil {
				opts = append(opts, login(s, s.ClientSecret()))
			} else {
				opts = append(opts, tc.opts(s)...)
			}
			cs := made(t)(clientset.ForEndpoint(s.Endpoint(), opts...))
			if tc.given != nil {
				if err := list(t.Context(), cs); err != nil {
					t.Fatal(err)
				}
				tc.given(s, cs)
			}
			err := list(t.Context(), cs)
			st, ok := status.FromError(err)
			if !ok || st.Code() != tc.code || kind(err) != tc.kind {
				t.Errorf("%v\nis %s with code %v, want %s with code %v", err, kind(err), st.Code(), tc.kind, tc.code)
			}
			if tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("%v is not %v", err, tc.is)
			}
		})
	}
}

func TestErrorsOfTheCallersOwnContext(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := connect(t, s)
	s.Script().TokenEndpoint().Hang(true)

	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := list(short, cs); status.Code(err) != codes.DeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want DeadlineExceeded", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := list(gone, cs); status.Code(err) != codes.Canceled || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want Canceled", err)
	}
}
