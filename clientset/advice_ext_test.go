package clientset_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/mockserver"
)

// Common mistakes end in an error that says what to do, and in FailedPrecondition if
// only a change of the settings helps.
func TestConnectionErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	plain, secure := quiet(t), quiet(t, mockserver.WithTLS())
	token := clientset.WithFlow(flow.StaticToken("token"))
	for name, tc := range map[string]struct {
		endpoint string
		opts     []clientset.Option
		code     codes.Code
		want     string
	}{
		"TLS to a server without": {plain.Endpoint(), nil, codes.Unavailable, "add WithInsecure"},
		"no TLS to a server with": {"http://" + secure.Endpoint(), nil, codes.Unavailable, "drop WithInsecure"},
		"an unknown authority":    {secure.Endpoint(), nil, codes.FailedPrecondition, "WithCAFile"},
		"a certificate for another": {
			secure.Endpoint(), []clientset.Option{clientset.WithServerName("other"), clientset.WithCAFile(authorityFile(t, secure))},
			codes.FailedPrecondition, "WithServerName",
		},
		"the HTTP side of the backend": {plain.HTTPURL(), nil, codes.FailedPrecondition, "a web server answers there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cs := made(t)(clientset.ForEndpoint(tc.endpoint, append(tc.opts, token, clientset.WithoutRetry())...))
			err := list(t.Context(), cs)
			if status.Code(err) != tc.code || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "code = "+tc.code.String()) {
				t.Errorf("a call: %v, want %v and %q", err, tc.code, tc.want)
			}
			if st, ok := status.FromError(err); !ok || !strings.Contains(st.Message(), tc.want) {
				t.Errorf("its status says %q, want %q in it", st.Message(), tc.want)
			}
			if interceptors.RequestID(err) == "" {
				t.Error("the error has lost its request id")
			}
			login := made(t)(clientset.ForEndpoint(tc.endpoint, append(tc.opts, clientset.WithoutRetry(), clientset.WithFlow(
				flow.ClientCredentials{ClientID: "id", Secret: flow.SecretValue("secret")}))...))
			if err := login.Login(soon(t)); status.Code(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Login: %v, want %v and %q", err, tc.code, tc.want)
			}
		})
	}
}

// If the deadline passes while attempts are repeated, the error says why these failed,
// and not only that there was no answer.
func TestDeadlineErrorNamesTheErrorOfTheLastAttempt(t *testing.T) {
	t.Parallel()
	const want = "add WithInsecure"
	s := quiet(t)
	for name, opt := range map[string]clientset.Option{
		"in the call itself":      clientset.WithoutAuth(),
		"in the login before it":  clientset.WithFlow(flow.ClientCredentials{ClientID: "id", Secret: flow.SecretValue("secret")}),
		"with a token, and calls": clientset.WithFlow(flow.StaticToken("token")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cs := made(t)(clientset.ForEndpoint(s.Endpoint(), opt, clientset.WithRetries(100)))
			var err error
			for limit := 100 * time.Millisecond; limit < 10*time.Second; limit *= 2 { // slow machines need longer for the first attempt
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				err = list(ctx, cs)
				cancel()
				if status.Code(err) != codes.DeadlineExceeded {
					t.Fatalf("%v, want DeadlineExceeded", err)
				}
				if strings.Contains(err.Error(), want) {
					break
				}
			}
			if !strings.Contains(err.Error(), "there is no connection to "+s.Endpoint()) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want the cause, %q", err, want)
			}
		})
	}
	t.Run("and nothing where the connection is up", func(t *testing.T) {
		t.Parallel()
		s := quiet(t)
		cs := connect(t, s)
		if err := list(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
		s.Script().Delay(listProjects, patience)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := list(ctx, cs); status.Code(err) != codes.DeadlineExceeded || strings.Contains(err.Error(), "no connection") {
			t.Errorf("%v, want a plain DeadlineExceeded", err)
		}
	})
}

// The error of a login that takes longer than the caller's deadline says which server
// had not answered.
func TestDeadlineErrorNamesTheServerThatTheLoginWaitedFor(t *testing.T) {
	t.Parallel()
	silent, closed := listening(t).Addr().String(), closedPort(t)
	machine := clientset.WithFlow(flow.ClientCredentials{ClientID: "id", Secret: flow.SecretValue("secret")})
	tokensAt := func(address string) clientset.Option {
		return clientset.WithConfigStore(configstore.Static(configstore.ClientConfig{TokenEndpoint: "http://" + address + "/token"}))
	}
	for name, tc := range map[string]struct {
		opts []clientset.Option
		want string
	}{
		"no program listens there":   {[]clientset.Option{machine, tokensAt(closed)}, "no connection to " + closed},
		"no answer comes from there": {[]clientset.Option{machine, tokensAt(silent)}, silent + ", where the login is, has not answered"},
		"a person takes time": {
			[]clientset.Option{clientset.WithFlow(flow.DeviceCode{}), clientset.WithPrompter(mutePrompter{}), clientset.WithoutStore()},
			"deadline of minutes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cs := made(t)(clientset.ForEndpoint("http://"+quiet(t).Endpoint(), tc.opts...))
			var err error
			for limit := 100 * time.Millisecond; limit < 3*time.Second; limit *= 2 { // slow machines need longer to get there
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				err = cs.Login(ctx)
				cancel()
				if err == nil || strings.Contains(err.Error(), tc.want) {
					break
				}
			}
			if status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want DeadlineExceeded and %q", err, tc.want)
			}
		})
	}
}

// mutePrompter shows nothing.
type mutePrompter struct{}

func (mutePrompter) Prompt(context.Context, auth.Prompt) error { return nil }

// A deadline that passes in the pause between two attempts hides neither the error of
// the attempt before nor the request ID.
func TestDeadlineErrorInAPauseNamesTheAttemptBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, mockserver.WithInMemory(), mockserver.WithOpenAccess())
		cs := made(t)(clientset.ForEndpoint(s.Endpoint(), clientset.WithInsecure(), clientset.WithDialOptions(s.DialOption()),
			clientset.WithoutAuth(), clientset.WithRetries(100)))
		s.Script().FailNext(listProjects, 1000, codes.Unavailable, "overloaded")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := list(ctx, cs)
		if status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), "ended with Unavailable: overloaded") {
			t.Errorf("%v, want DeadlineExceeded and the server's message", err)
		}
		if interceptors.RequestID(err) == "" {
			t.Error("the error has no request id")
		}
	})
}

func TestLoginErrorsNameTheMissingOption(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		server []mockserver.Option
		opts   []clientset.Option
		want   string
		is     error
	}{
		"no prompter": {
			opts: []clientset.Option{clientset.WithFlow(flow.PKCE{}), clientset.WithoutStore()},
			want: "WithPrompter", is: auth.ErrInteractionRequired,
		},
		"nowhere to log in": {
			server: []mockserver.Option{mockserver.WithoutLogin()},
			opts:   []clientset.Option{clientset.WithFlow(flow.ClientCredentials{ClientID: "id", Secret: flow.SecretValue("secret")})},
			want:   "WithClientConfig", is: configstore.ErrNoLogin,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := quiet(t, tc.server...)
			s.Script().FailNext("*", 1, codes.Unauthenticated, "who are you?")
			cs := made(t)(clientset.ForEndpoint("http://"+s.Endpoint(), tc.opts...))
			for what, err := range map[string]error{"Login": cs.Login(soon(t)), "a call": list(soon(t), cs)} {
				if !strings.Contains(err.Error(), tc.want) || !errors.Is(err, tc.is) || status.Code(err) != codes.Unauthenticated {
					t.Errorf("%s: %v, want %q and Unauthenticated", what, err, tc.want)
				}
			}
		})
	}
}

func TestCloseDuringALoginIsErrClosed(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(context.Context, *clientset.ClientSet) error{
		"a call": list,
		"Login":  func(ctx context.Context, cs *clientset.ClientSet) error { return cs.Login(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Given a login that gets no answer ...
			s := quiet(t)
			s.Script().TokenEndpoint().Hang(true)
			cs := connect(t, s)
			ended := make(chan error, 1)
			ctx := soon(t)
			go func() { ended <- do(ctx, cs) }()
			for s.TokenRequests() == 0 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			// ... when the program closes, then the call ends at once with ErrClosed.
			if err := cs.Close(); err != nil {
				t.Error(err)
			}
			err := <-ended
			var own *clientset.Error
			if !errors.Is(err, clientset.ErrClosed) || !errors.As(err, &own) || status.Code(err) != codes.Unavailable {
				t.Errorf("%v (%v), want ErrClosed as Unavailable", err, status.Code(err))
			}
		})
	}
}
