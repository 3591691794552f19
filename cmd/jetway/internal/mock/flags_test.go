package mock

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/state"
)

func TestWrongFlagsEndInOneLineThatNamesThem(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	bad, used := filepath.Join(dir, "bad"), filepath.Join(dir, "used")
	if err := os.WriteFile(bad, []byte("x: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := state.Open(used)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const misuse, other = true, false
	for _, tt := range []struct {
		args   []string
		misuse bool
		says   string
	}{
		{[]string{"--nonsense"}, misuse, "--nonsense"},
		{[]string{"--tls"}, misuse, "--ca-file"},
		{[]string{"--ca-file", "x"}, misuse, "--tls"},
		{[]string{"--unix", "s", "--address", "127.0.0.1:0"}, misuse, "give one of them"},
		{[]string{"--client-cert-file", "x"}, misuse, "--tls"},
		{[]string{"--project", ""}, misuse, "needs an ID"},
		{[]string{"--like", "currant"}, misuse, `"all" or "current"`},
		{[]string{"--quirk", "none"}, misuse, "errors-as-200"},
		{[]string{"--allow-origin", "http://localhost:5173", "--http-front=false"}, misuse, "--http-front"},
		{[]string{"--allow-origin", "*"}, misuse, "no origin"},
		{[]string{"--fault", "none"}, misuse, "expired-tokens, rejected-tokens"},
		{[]string{"--fault", "flaky", "--fault", "slow", "--fault", "busy"}, misuse, "--fault flaky and --fault busy both say"},
		{[]string{"--fault", "proxy-redirect", "--fault", "proxy-401"}, misuse, "give one of them"},
		{[]string{"--seed", "/nowhere/at/all"}, misuse, "/nowhere/at/all"},
		{[]string{"--ready-file", os.DevNull}, misuse, "not a regular file"},
		{[]string{"--ready-file", "/nowhere/at/all"}, misuse, "/nowhere/at"},
		{[]string{"--control", "--address", "0.0.0.0:0"}, misuse, "127.0.0.1"},
		{[]string{"--auto-approve", "stranger"}, misuse, "no such account"},
		{[]string{"--token-ttl", "1ms"}, misuse, "whole seconds"},
		{[]string{"--token-ttl", "-1s"}, misuse, "--token-ttl -1s: want whole seconds"},
		{[]string{"--address", "nonsense"}, misuse, "nonsense"},
		{[]string{"--address", taken.Addr().String()}, other, "give another port"},
		{[]string{"--http-address", "127.0.0.1:no-port"}, misuse, "no-port"},
		{[]string{"--unix", bad}, misuse, "no socket"},
		{[]string{"--unix", "/nowhere/at/all"}, misuse, "/nowhere/at/all"},
		{[]string{"--console", "--address", "0.0.0.0:0"}, misuse, "other machines"},
		{[]string{"--client", ""}, misuse, "--client"},
		{[]string{"--login", ""}, misuse, "--login"},
		{[]string{"--seed", bad}, misuse, "line 1"},
		{[]string{"--data", bad}, misuse, "no state"},
		{[]string{"--data", "/nowhere/at/all"}, misuse, "directory that exists"},
		{[]string{"--data", used}, other, "another process"},
		{[]string{"--tls", "--ca-file", "/nowhere/at/all"}, misuse, "CA certificate"},
		{[]string{"--tls", "--ca-file", os.DevNull, "--client-cert-file", "/nowhere/at/all"}, misuse, "client certificate"},
	} {
		var stderr strings.Builder
		err := run(soon(t), tt.args, io.Discard, &stderr)
		if err == nil || (errors.Is(err, errUsage) || Misused(err)) != tt.misuse {
			t.Errorf("%v: %v", tt.args, err)
			continue
		}
		if said := err.Error(); !strings.Contains(said, tt.says) {
			t.Errorf("%v: said %q", tt.args, said)
		}
		if stderr.Len() > 0 {
			t.Errorf("%v: the usage hides the error:\n%s", tt.args, stderr.String())
		}
	}
}
