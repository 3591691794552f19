package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHelloLogsInAndCalls(t *testing.T) {
	t.Parallel()
	server := mocktest.New(t, mockserver.WithProject("demo"), mockserver.WithOAuth(oauth.Config{
		Clients: []oauth.Client{{ID: "my-app", Secret: "my-secret"}},
	}))
	if err := run(t.Context(), "http://"+server.Endpoint()); err != nil {
		t.Fatal(err)
	}
	if n := server.TokenRequests(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}
