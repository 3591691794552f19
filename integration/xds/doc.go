// Package xds holds the tests of one client set for many backends: a real xDS control plane
// (envoyproxy/go-control-plane) names several mocks that take the tokens of one
// authorization server, and gRPC's own xDS client balances the calls among them. The same
// backends also stand behind one DNS name, without a control plane.
//
// It is a module of its own, because a control plane has many dependencies. docs/fleet.md
// says what the tests show.
package xds
