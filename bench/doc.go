// Package bench compares the interceptors with those of other libraries. It needs
// modules that jetway itself does not need: gRPC's own interop cases, and the
// credentials that grpc-go offers for OAuth. It has tests and benchmarks only,
// in a module of its own; run "go test ./..." here, and "make bench-peers" in the
// folder above for figures. docs/benchmarks.md says what they mean.
package bench
