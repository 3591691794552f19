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
		"auth_type and api_endpoint must be provided or set in environment as\n`WALLAROO_SDK_AUTH_TYPE`, and `WALLAROO_URL` respectively.",
		"Please log into the following URL in a web browser:\n\n\thttp://127.0.0.1:",
		"sso: adder-11 runs and infers [3] and [7]", "user_password: adder-12 runs and infers [3] and [7]",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output says nothing of %q", want)
		}
	}
}
