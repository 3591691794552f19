package main

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

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
not logged in
-- login
logged in as ada
-- status
logged in until \d\d:\d\d:\d\d, stored in .+
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
	if err := p.do(t.Context(), "status"); err != nil || out.String() != "not logged in\n" {
		t.Errorf("status: %q, %v", &out, err)
	}
	if err := p.do(t.Context(), "login"); !errors.Is(err, auth.ErrInteractionRequired) {
		t.Errorf("login without a flow: %v", err)
	}
	if n := server.TokenRequests(); n != 0 {
		t.Errorf("%d token requests, want none", n)
	}
}

func TestDescribeSaysWhatHappensNext(t *testing.T) {
	t.Parallel()
	for want, login := range map[string]auth.Status{
		"not logged in":                       {},
		"logged in until 12:30:00, stored in": {Stored: "memory", Usable: true, Expiry: time.Date(2030, 1, 2, 12, 30, 0, 0, time.UTC)},
		"logged in, stored in":                {Stored: "memory", Usable: true},
		"the next call renews it":             {Stored: "memory", Renewable: true},
		"log in again":                        {Stored: "memory"},
	} {
		if got := describe(login); !strings.Contains(got, want) {
			t.Errorf("%+v: %q, want %q in it", login, got, want)
		}
	}
}
