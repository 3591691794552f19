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
	if n := strings.Count(out.String(), "run nightly training of 1 experiments"); n != 5 {
		t.Errorf("%d lists, want 5", n)
	}
	for _, want := range []string{"secured true", "/dex/auth/local/login", "2 logins by this client", "run train of pipeline train: SUCCEEDED"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output says nothing of %q", want)
		}
	}
	if strings.Contains(out.String(), "session-") || strings.Contains(out.String(), "k8s-") {
		t.Error("the output shows a secret")
	}
}
