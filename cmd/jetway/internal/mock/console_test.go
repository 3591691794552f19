package mock

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/console"
)

// opened returns where an address leads a browser, and whether it is let in.
func opened(t *testing.T, address string) (where string, in bool) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Jar: jar}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Request.URL.String(), resp.StatusCode == http.StatusOK
}

func TestConsoleIsThereForPeopleAndWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want bool
	}{
		{nil, false},
		{[]string{"--console"}, true},
		{[]string{"--demo"}, true},
		{[]string{"--demo", "--console=false"}, false},
		{[]string{"--demo", "--http-address", "[::1]:0", "--address", "localhost:0"}, true},
		{[]string{"--demo", "--http-address", ":0"}, false},
		{[]string{"--demo", "--address", "0.0.0.0:0"}, false},
		{[]string{"--demo", "--unix", t.TempDir() + "/s"}, true},
	} {
		facts := started(t, tt.args...)
		if got := facts["console"] != ""; got != tt.want {
			t.Errorf("%v: console %q", tt.args, facts["console"])
			continue
		}
		if !tt.want {
			if _, in := opened(t, strings.Replace(facts["http"], "[::]", "127.0.0.1", 1)+console.Path); in {
				t.Errorf("%v: the console is there", tt.args)
			}
			continue
		}
		if where, in := opened(t, facts["console"]); !in || where != facts["http"]+console.Path {
			t.Errorf("%v: %s led to %s", tt.args, facts["console"], where)
		}
	}
}

func TestConsoleRefusesAddressesThatOthersReach(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--address", "--http-address"} {
		err := run(t.Context(), []string{"--console", flag, "0.0.0.0:0"}, io.Discard, io.Discard)
		if !errors.Is(err, console.ErrNotLoopback) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

// A used address is followed by another one in the terminal; a program that reads JSON gets
// one object, whatever happens.
func TestConsolePrintsAnotherAddress(t *testing.T) {
	t.Parallel()
	out, in := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--console"}, in, io.Discard) }()
	lines := bufio.NewScanner(out)
	next := func() string {
		for lines.Scan() {
			if name, address, _ := strings.Cut(lines.Text(), " "); name == "console" {
				return strings.TrimSpace(address)
			}
		}
		return ""
	}
	first := next()
	for more := true; more; more = !strings.HasPrefix(lines.Text(), "go ") && more {
		more = lines.Scan()
	}
	if _, in := opened(t, first); !in {
		t.Error("the address does not open the console")
	}
	second := make(chan string, 1)
	go func() { second <- next() }()
	if _, in := opened(t, first); in {
		t.Error("the address served twice")
	}
	if address := <-second; address == first || address == "" {
		t.Errorf("another address: %q", address)
	} else if _, in := opened(t, address); !in {
		t.Error("the new address does not open the console")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	ctx, stop = context.WithCancel(t.Context())
	out, in = io.Pipe()
	go func() {
		ended <- run(ctx, []string{"--console", "--output", "json"}, in, io.Discard)
		_ = in.Close()
	}()
	rest := json.NewDecoder(out)
	var facts map[string]string
	if err := rest.Decode(&facts); err != nil || facts["console"] == "" {
		t.Fatalf("%v, %v", facts, err)
	}
	if _, in := opened(t, facts["http"]+console.Path); in {
		t.Error("let in without an address")
	}
	stop()
	var more any
	if err := rest.Decode(&more); !errors.Is(err, io.EOF) {
		t.Errorf("after the object: %v, %v", more, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
