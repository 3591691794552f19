package clientset_test

import (
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

// A message over a limit will not shrink, in whichever language the server says so; a quota
// may be free again later.
func TestTooLargeIsNotRepeated(t *testing.T) {
	t.Parallel()
	for text, attempts := range map[string]int{
		"grpc: received message larger than max (5000000 vs. 4194304)":            1, // Go
		"trying to send message larger than max (5000000 vs. 4194304)":            1,
		"grpc: received message after decompression larger than max 4194304":      1,
		"gRPC message exceeds maximum size 4194304: 5000000":                      1, // Java
		"Decompressed gRPC message exceeds maximum size 4194304":                  1,
		"message too large 5000000 > 4194304":                                     1,
		"Received message larger than max (5000000 vs. 4194304)":                  1, // Python, C++
		"CLIENT: Sent message larger than max (5000000 vs. 4194304)":              1,
		"Received message exceeds the maximum configured message size.":           1, // .NET
		"Attempted to send message with a size larger than 4194304":               1, // JavaScript
		"message size 5000000 is larger than configured max 4194304":              1, // Connect
		"compressed message size 5000000 exceeds sendMaxBytes 4194304":            1,
		"read enveloped message: exceeded 4194304 byte http.MaxBytesReader limit": 1,
		"quota of 100 calls a second is used up":                                  4,
		"too many messages a minute":                                              4,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := quiet(t, mockserver.WithInMemory())
				cs := connect(t, s)
				s.Script().FailNext(listProjects, 9, codes.ResourceExhausted, text)
				if err := list(t.Context(), cs); status.Code(err) != codes.ResourceExhausted {
					t.Errorf("%v, want ResourceExhausted", err)
				}
				if n := calls(s, listProjects); n != attempts {
					t.Errorf("%d attempts, want %d", n, attempts)
				}
			})
		})
	}
}

// A call to which a retry policy of gRPC applies is repeated by that alone.
func TestRetryPolicyOfTheProgramIsNotMultiplied(t *testing.T) {
	t.Parallel()
	policy := grpc.WithDefaultServiceConfig(`{"methodConfig":[{"name":[{}],"retryPolicy":{"maxAttempts":3,"initialBackoff":"0.1s",
		"maxBackoff":"1s","backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}}]}`)
	for code, attempts := range map[codes.Code]int{
		codes.Unavailable:       3, // gRPC's
		codes.ResourceExhausted: 4, // ours
	} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := quiet(t, mockserver.WithInMemory())
				cs := connect(t, s, clientset.WithDialOptions(policy))
				s.Script().FailNext(listProjects, 99, code, "scripted")
				if err := list(t.Context(), cs); status.Code(err) != code {
					t.Errorf("%v, want %v", err, code)
				}
				if n := calls(s, listProjects); n != attempts {
					t.Errorf("%d attempts, want %d", n, attempts)
				}
			})
		})
	}
}
