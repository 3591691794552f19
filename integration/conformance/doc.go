// Package conformance runs the conformance suite of the Connect project in server mode
// against mockserver/front: a program serves the suite's own service on a gRPC server, and the
// suite calls it by gRPC, gRPC-Web and Connect, over HTTP/1.1 and HTTP/2, with and without
// TLS, in binary and JSON, compressed and not. known-failing.txt and known-flaky.txt list what fails, and why.
//
// The program is the test itself, started again. The protos are those of the suite's
// module, read when the test runs.
package conformance
