package clientset_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/platform"
)

func resolved(t platform.Target) platform.Resolver {
	return platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) { return t, nil })
}

func TestForResolvesWithTheProgramsHTTPClient(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	given := &countedTransport{base: s.HTTPClient().Transport}
	r := platform.ResolverFunc(func(ctx context.Context, hc *http.Client) (platform.Target, error) {
		if err := fetch(ctx, hc, s.HTTPURL()+"/.well-known/oauth-authorization-server"); err != nil {
			return platform.Target{}, err
		}
		return platform.Target{Endpoint: "http://" + s.Endpoint(), Flow: flow.ClientCredentials{
			ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret()),
		}}, nil
	})
	cs := made(t)(clientset.For(t.Context(), r, append(reach(s), clientset.WithHTTPClient(&http.Client{Transport: given}))...))
	if given.n.Load() == 0 {
		t.Error("the resolver was given another client")
	}
	if err := list(t.Context(), cs); err != nil {
		t.Error(err)
	}
}

func TestErrorsOfForNameTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("NO_SUCH_VARIABLE is not set")
	_, err := clientset.For(t.Context(), platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
		return platform.Target{}, cause
	}))
	var e *clientset.Error
	if !errors.As(err, &e) || e.Op != "resolve" || !errors.Is(err, cause) {
		t.Errorf("For = %v, want a *clientset.Error of resolve that wraps the cause", err)
	}
	if _, err := clientset.For(t.Context(), nil); !errors.As(err, &e) {
		t.Errorf("For(nil) = %v, want a *clientset.Error", err)
	}
}

func TestOptionsWinOverTheTarget(t *testing.T) {
	t.Parallel()
	// Given a target with a flow, a user and a configuration that lead nowhere ...
	s := quiet(t)
	target := platform.Target{
		Endpoint: "http://" + s.Endpoint(),
		Flow:     flow.StaticToken("from the target"),
		User:     "target",
		Config:   configstore.ClientConfig{ClientID: "target", Audience: "target", TokenEndpoint: "https://127.0.0.1:1/nowhere"},
	}
	// ... when options say otherwise ...
	login := flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret())}
	opts := append(reach(s),
		clientset.WithFlow(login),
		clientset.WithUser("option"),
		clientset.WithClientConfig(configstore.ClientConfig{ClientID: "option", TokenEndpoint: s.TokenURL()}),
	)
	cs := made(t)(clientset.For(t.Context(), resolved(target), opts...))
	// ... then they count, and the target's for the rest.
	if err := list(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	want := auth.Key{Endpoint: s.Endpoint(), ClientID: "option", Audience: "target", Flow: auth.TraitsOf(login).Name, User: "option"}
	if got := cs.Authenticator().Status().Key; got != want {
		t.Errorf("key = %+v, want %+v", got, want)
	}
	var audience []string
	for _, r := range s.Requests() {
		audience = append(audience, r.Form["audience"]...)
	}
	if !slices.Equal(audience, []string{"target"}) {
		t.Errorf("audience asked for = %v, want the target's once", audience)
	}
}

// logs is a resolver that resolves with a logger only.
type logs struct{}

func (logs) Resolve(context.Context, *http.Client) (platform.Target, error) {
	return platform.Target{}, errors.New("resolved without a logger")
}

func (logs) WithLogger(l *slog.Logger) platform.Resolver {
	return platform.ResolverFunc(func(ctx context.Context, _ *http.Client) (platform.Target, error) {
		l.WarnContext(ctx, "a line has no effect")
		return platform.Target{Endpoint: "flyte.example.com"}, nil
	})
}

func TestForGivesItsLoggerToAResolverThatTakesOne(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]platform.Resolver{"value": logs{}, "pointer": &logs{}} {
		var log strings.Builder
		made(t)(clientset.For(t.Context(), r, clientset.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))))
		if !strings.Contains(log.String(), "a line has no effect") {
			t.Errorf("%s: the log is %q, want the resolver's warning", name, log.String())
		}
		made(t)(clientset.For(t.Context(), r)) // and none is no reason to fail
	}
}
