package hub_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// whoami asks a service by gRPC who the caller is, whose token it is.
func whoami(t *testing.T, service, token string) (string, error) {
	t.Helper()
	set, err := clientset.For(t.Context(), jupyterhub.Resolver{
		Config:   jupyterhub.Config{APIToken: flow.SecretValue(token), LookupEnv: nothing},
		Endpoint: service,
	})
	if err != nil {
		t.Fatal(err)
	}
	return subject(t, set)
}

// whoamiByCookie is the same for somebody who has a browser's cookie.
func whoamiByCookie(t *testing.T, service, cookie string) (string, error) {
	t.Helper()
	set, err := clientset.ForEndpoint(service, clientset.WithoutAuth(), clientset.WithRequestMetadata(map[string][]string{"cookie": {cookie}}))
	if err != nil {
		t.Fatal(err)
	}
	return subject(t, set)
}

func subject(t *testing.T, set *clientset.ClientSet) (string, error) {
	t.Helper()
	defer func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	who, err := set.Identity().UserInfo(ctx, &authpb.UserInfoRequest{})
	return who.GetSubject(), err
}

// nothing is an environment without variables.
func nothing(string) (string, bool) { return "", false }

func mustBe(t *testing.T, want, got string, err error) {
	t.Helper()
	if err != nil || got != want {
		t.Errorf("the service knows %q, %v; want %q", got, err, want)
	}
}

func mustFail(t *testing.T, want codes.Code, err error) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%v (%v), want %v", err, status.Code(err), want)
	}
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want it to contain %q", text, part)
		}
	}
}
