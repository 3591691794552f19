// Package bench holds what compares the interceptors with others and needs
// modules that jetway itself does not: gRPC's own interop cases, and the
// credentials that grpc-go offers for OAuth. It has tests and benchmarks only,
// in a module of its own; run "go test ./..." here, and "make bench-peers" in the
// folder above for figures. docs/benchmarks.md says what they mean.
package bench
