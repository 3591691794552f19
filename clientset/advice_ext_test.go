package clientset_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/mockserver"
)

// The mistakes that everybody makes once end in an error that says what to do.
func TestConnectionErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	plain, secure := quiet(t), quiet(t, mockserver.WithTLS())
	token := clientset.WithFlow(flow.Token("token"))
	for name, tc := range map[string]struct {
		endpoint string
		opts     []clientset.Option
		want     string
	}{
		"TLS to a server without":      {plain.Endpoint(), nil, "add WithInsecure"},
		"no TLS to a server with":      {"http://" + secure.Endpoint(), nil, "drop WithInsecure"},
		"an authority of their own":    {secure.Endpoint(), nil, "WithCAFile"},
		"the HTTP side of the backend": {plain.HTTPURL(), nil, "looked like an HTTP/1.1 header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cs := made(t)(clientset.ForEndpoint(tc.endpoint, token, clientset.WithoutRetry()))
			err := list(t.Context(), cs)
			if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("a call: %v, want Unavailable and %q", err, tc.want)
			}
			if st, ok := status.FromError(err); !ok || !strings.Contains(st.Message(), tc.want) {
				t.Errorf("its status says %q, want %q in it", st.Message(), tc.want)
			}
			if interceptors.RequestID(err) == "" {
				t.Error("the error has lost its request id")
			}
			login := made(t)(clientset.ForEndpoint(tc.endpoint, clientset.WithoutRetry(), clientset.WithFlow(
				flow.ClientCredentials{ClientID: "id", Secret: flow.SecretValue("secret")})))
			if err := login.Login(soon(t)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Login: %v, want %q", err, tc.want)
			}
		})
	}
}

// While attempts are repeated the caller's time may run out. The error then tells
// why there was no answer, instead of only that there was none.
func TestDeadlineTellsWhatWentWrongMeanwhile(t *testing.T) {
	t.Parallel()
	const want = "add WithInsecure"
	s := quiet(t)
	for name, opt := range map[string]clientset.Option{
		"in the call itself":      clientset.WithoutAuth(),
		"in the login before it":  clientset.WithFlow(flow.ClientCredentials{ClientID: "id", Secret: flow.SecretValue("secret")}),
		"with a token, and calls": clientset.WithFlow(flow.Token("token")),
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
			// ... when the program closes, then it is told that, and at once.
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
