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
		"delegated by ada: Nublado has the project of ada\n", "delegated by grace: Nublado has the project of grace\n",
		"in our own name: Nublado has the project of bot-example\n", "asked 1 time",
		"ada's lab: 100% Server ready", "print(1+1) in ada's lab: 2\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output says nothing of %q", want)
		}
	}
}
