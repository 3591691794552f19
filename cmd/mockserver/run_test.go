package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// started runs the command until the test ends and returns what it announced.
func started(t *testing.T, args ...string) map[string]string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, args, in, t.Output())
		_ = in.Close()
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
	facts := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		facts[strings.TrimSpace(lines.Text()[:14])] = strings.TrimSpace(lines.Text()[14:])
		last := "api key"
		if len(args) > 0 && args[0] == "-tls" {
			last = "ca file"
		}
		if facts[last] != "" {
			break
		}
	}
	if facts["endpoint"] == "" {
		t.Fatalf("announced %v", facts)
	}
	return facts
}

func healthy(t *testing.T, endpoint string, creds credentials.TransportCredentials) {
	t.Helper()
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
		t.Error(err)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	facts := started(t, "-project", "demo", "-token-ttl", "5m", "-client", "ci", "-scopes", "all read", "-v")

	healthy(t, facts["endpoint"], insecure.NewCredentials())
	key, err := base64.StdEncoding.DecodeString(facts["api key"])
	if want := facts["endpoint"] + ":ci:" + facts["client secret"] + ":"; err != nil || string(key) != want {
		t.Errorf("API key says %q, %v", key, err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"ci"}, "client_secret": {facts["client secret"]}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, facts["issuer"]+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"expires_in":300`) {
		t.Errorf("token endpoint: %d, %v", resp.StatusCode, err)
	}
}

func TestRunWithTLS(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	facts := started(t, "-tls", "-ca-file", file)
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) || facts["ca file"] != file {
		t.Errorf("no certificate in %s", facts["ca file"])
	}
	healthy(t, facts["endpoint"], credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}))
}

func TestRunOnUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	facts := started(t, "-unix", path, "-http-front", "-opaque", "-strict", "-open")
	if facts["endpoint"] != "unix://"+path {
		t.Errorf("endpoint %q", facts["endpoint"])
	}
	healthy(t, facts["endpoint"], insecure.NewCredentials())
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args  []string
		usage bool
		says  string
	}{
		{[]string{"-nonsense"}, true, "-nonsense"},
		{[]string{"serve"}, true, "serve"},
		{[]string{"-tls"}, true, "-ca-file"},
		{[]string{"-ca-file", "x"}, true, "-tls"},
		{[]string{"-project", ""}, true, "needs an id"},
		{[]string{"-quirk", "none"}, true, "errors-as-200"},
		{[]string{"-auto-approve", "nobody"}, false, "no such account"},
		{[]string{"-token-ttl", "1ms"}, false, "whole seconds"},
		{[]string{"-address", "nonsense"}, false, "nonsense"},
		{[]string{"-tls", "-ca-file", "/nowhere/at/all"}, false, "CA certificate"},
	} {
		var stderr strings.Builder
		err := run(t.Context(), tt.args, io.Discard, &stderr)
		if err == nil || errors.Is(err, errUsage) != tt.usage {
			t.Errorf("%v: %v", tt.args, err)
			continue
		}
		said := stderr.String()
		if !tt.usage {
			said = err.Error()
		}
		if !strings.Contains(said, tt.says) {
			t.Errorf("%v: said %q", tt.args, said)
		}
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); err != nil {
		t.Errorf("help: %v", err)
	}
}

// The person named on the command line can log in; habits show in the answer.
func TestRunWithAPerson(t *testing.T) {
	t.Parallel()
	facts := started(t, "-login", "grace", "-quirk", "lower-case-bearer", "-quirk", "no-scope", "-proxy-token", "pass")
	form := url.Values{
		"grant_type": {"password"}, "client_id": {"jetway-public"}, "username": {facts["login"]}, "password": {facts["password"]},
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, facts["issuer"]+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Proxy-Authorization", "Bearer pass")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || facts["login"] != "grace" || !strings.Contains(string(body), `"bearer"`) || strings.Contains(string(body), `"scope"`) {
		t.Errorf("token endpoint: %d, %v", resp.StatusCode, err)
	}
}

// A pipe that nobody reads any more must not leave a server behind.
func TestAnnouncingFails(t *testing.T) {
	t.Parallel()
	out, in := io.Pipe()
	_ = out.Close()
	if err := run(t.Context(), nil, in, io.Discard); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
