package main

import (
	"net"
	"testing"
	"time"
)

// A server that takes connections and says nothing holds no command for longer than --timeout.
func TestTimeoutHoldsForCommandsWithTimesOfTheirOwn(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() }) // the tests below go on in parallel
	address := "http://" + silent.Addr().String()
	for _, args := range [][]string{{"login", "--device"}, {"doctor"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			_, stderr, code := newPerson(t).run(t, append(args, "--endpoint", address, "--timeout", "300ms")...)
			if took := time.Since(started); code != 8 || took > 15*time.Second {
				t.Errorf("exit code %d after %v: %s", code, took, stderr)
			}
		})
	}
}
