package main

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLoginStatusLogout(t *testing.T) {
	t.Parallel()
	var out, talk strings.Builder
	if err := run(t.Context(), nil, strings.NewReader(""), &out, &talk); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Log("\n" + talk.String() + out.String())
	want := regexp.MustCompile(`^-- status
no login for 127\.0\.0\.1:\d+
-- login
logged in as ada
-- status
login for 127\.0\.0\.1:\d+, usable, access token expires at .+Z, can be refreshed, stored in .+
another program called the backend with this login
-- logout
logged out
the other program has to ask for a login now
$`)
	if !want.MatchString(out.String()) {
		t.Errorf("output:\n%swant:\n%s", &out, want)
	}
	if !regexp.MustCompile(`http://127\.0\.0\.1:\d+/\S+\b.*\b[A-Z0-9]{4}-[A-Z0-9]{4}\b`).MatchString(strings.ReplaceAll(talk.String(), "\n", " ")) {
		t.Errorf("the person was shown no address and code:\n%s", &talk)
	}
}

func TestUnknownCommandsAreErrors(t *testing.T) {
	t.Parallel()
	server := mocktest.New(t)
	err := run(t.Context(), []string{"-endpoint", "http://" + server.Endpoint(), "lgoin"}, strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `unknown command "lgoin": want login, status or logout`) {
		t.Errorf("error: %v", err)
	}
}

// A client set without a flow asks no person.
func TestStatusNeedsNoLogin(t *testing.T) {
	t.Parallel()
	server := mocktest.New(t)
	var out strings.Builder
	p := program{endpoint: "http://" + server.Endpoint(), options: []clientset.Option{clientset.WithoutStore()}, out: &out}
	if err := p.do(t.Context(), "status"); err != nil || !strings.HasPrefix(out.String(), "no login for ") {
		t.Errorf("status: %q, %v", &out, err)
	}
	if err := p.do(t.Context(), "login"); !errors.Is(err, auth.ErrInteractionRequired) {
		t.Errorf("login without a flow: %v", err)
	}
	if n := server.TokenRequests(); n != 0 {
		t.Errorf("%d token requests, want none", n)
	}
}
