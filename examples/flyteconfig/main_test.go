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
	for _, want := range []string{
		"admin.endpoint = dns:///127.0.0.1:", "task.project = demo (FLYTE_TASK_PROJECT), hiding ", "config.yaml:7",
		`:4: unknown key "admin.clientID" has no effect; did you mean "admin.clientId"?`, "it is not trusted yet", "trusted: 1 project",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output says nothing of %q", want)
		}
	}
}
