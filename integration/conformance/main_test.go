package conformance_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// descriptorsEnv names the file with the descriptors of the suite's protos. With it the
// test is the server.
const descriptorsEnv = "JETWAY_TEST_CONFORMANCE_DESCRIPTORS"

func TestMain(m *testing.M) {
	if file := os.Getenv(descriptorsEnv); file != "" {
		if err := serve(file, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "conformance server:", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
