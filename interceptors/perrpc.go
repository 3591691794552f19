package interceptors

import (
	"context"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
)

// PerRPC returns the credentials of src for grpc.WithPerRPCCredentials and
// grpc.PerRPCCredentials, for a connection that cannot have interceptors. Prefer
// [UnaryClientAuth] and [StreamClientAuth]: gRPC does not report to per-RPC credentials
// that a server rejected a token. So a rejected token is not refreshed, the call is not
// made again, and no person is asked; see [auth.Authenticator.Login].
//
// Credentials of src are sent in the header that they name, in lower case. While src
// has none, calls carry none. gRPC would add the pair to the metadata of the call; a call
// that has the same header already, its own or that of [UnaryClientAuth], is refused. That
// error, and one of src, ends the call with an [*Error].
//
// Without TLS gRPC refuses to send them; see [WithPlaintext].
func PerRPC(src Source, opts ...PerRPCOption) credentials.PerRPCCredentials {
	p := &perRPC{src: src}
	for _, o := range opts {
		o.applyPerRPC(p)
	}
	return p
}

// PerRPCOption changes [PerRPC].
type PerRPCOption interface{ applyPerRPC(p *perRPC) }

type perRPCOption func(*perRPC)

func (o perRPCOption) applyPerRPC(p *perRPC) { o(p) }

// WithPlaintext lets [PerRPC] send credentials over a connection without TLS, where
// others on the network can read them. It is for tests and for connections that do not
// leave the machine.
func WithPlaintext() PerRPCOption {
	return perRPCOption(func(p *perRPC) { p.plaintext = true })
}

type perRPC struct {
	src       Source
	plaintext bool
	prepared  atomic.Pointer[perRPCPair]
}

// perRPCPair is what the calls with creds carry; gRPC only reads the map.
type perRPCPair struct {
	creds *auth.Credentials
	pair  map[string]string
}

// GetRequestMetadata returns the header of the current credentials, nil without any.
func (p *perRPC) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	info, _ := credentials.RequestInfoFromContext(ctx)
	failed := func(op string, err error) error { return &Error{Op: op, Method: info.Method, Err: err} }
	creds, err := p.src.Credentials(ctx)
	if err != nil {
		return nil, failed("get credentials", err)
	}
	if key, _ := creds.Header(); key != "" && len(metadata.ValueFromOutgoingContext(ctx, key)) > 0 {
		return nil, failed("attach credentials", fmt.Errorf("the call has a header %q already, and servers refuse two: "+
			"use per-RPC credentials or the other way, not both", key))
	}
	if last := p.prepared.Load(); last != nil && last.creds == creds {
		return last.pair, nil
	}
	next := &perRPCPair{creds: creds}
	if key, value := creds.Header(); value != "" {
		if err := checkPair(key, value); err != nil {
			return nil, failed("attach credentials", err)
		}
		next.pair = map[string]string{key: value}
	}
	p.prepared.Store(next)
	return next.pair, nil
}

// RequireTransportSecurity returns true unless [WithPlaintext] was given.
func (p *perRPC) RequireTransportSecurity() bool { return !p.plaintext }

// String names the type, and Format makes every verb do so: what src holds is secret.
func (p *perRPC) String() string { return "per-RPC credentials" }

func (p *perRPC) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, p.String()) }
