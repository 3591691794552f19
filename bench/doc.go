// Package bench holds what compares the interceptors with others and needs
// modules that jetway itself does not: gRPC's own interop cases, and the
// credentials that grpc-go offers for OAuth. It has tests and benchmarks only,
// in a module of its own; run "go test ./..." here, and for figures
//
//	go test -run='^$' -bench=Call -benchtime=10000x .
//	go test -run='^$' -bench=Ratio -benchtime=200x -cpu=1 .
package bench
