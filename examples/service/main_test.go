package main

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExample(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Log("\n" + out.String())
	for want, times := range map[string]int{
		"Version: greeter 1.0":                   3,
		"Greet: Unauthenticated: no credential":  1,
		"Greet: PermissionDenied: ":              1,
		"Greet: good morning, batch":             1,
		"100 more calls made 0 introspection":    1,
		`level=INFO msg="credential refused"`:    2, // of monitor, for either method
		`method=/example.Greeter/Greet code=Per`: 1,
	} {
		if n := strings.Count(out.String(), want); n != times {
			t.Errorf("the output has %q %d times, want %d", want, n, times)
		}
	}
	for _, secret := range []string{"batch-secret", "service-secret", "at_"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the output contains a secret: %q", secret)
		}
	}
}

func TestServiceNeedsItsAuthorizationServer(t *testing.T) {
	t.Parallel()
	_, _, err := startService(t.Context(), serviceConfig{
		issuer: "http://127.0.0.1:1", introspection: "http://127.0.0.1:1/introspect", clientID: "greeter-service", secret: "s", log: &strings.Builder{},
	})
	if err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:1/.well-known/") {
		t.Errorf("%v", err)
	}
}
