package peertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// Call describes the credentials of one call. It contains no secret.
type Call struct {
	// Method is the full method name.
	Method string
	// Values is the number of authorization headers.
	Values int
	// Scheme is the word before the token, as it was sent.
	Scheme string
	// TokenID identifies the token; empty without one. See [TokenID].
	TokenID string
	// Keys are the metadata keys of the call.
	Keys []string
	// Subject is the subject of the verifier's result; empty if it rejected the call.
	Subject string
}

// TokenID returns the first 32 hex digits of the SHA-256 of a token, which differ for
// different tokens.
func TokenID(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}

// Calls returns the calls so far, oldest first.
func (p *Peer) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Call, 0, len(p.calls))
	for _, c := range p.calls {
		out = append(out, *c)
	}
	return out
}

// Reset deletes the record of calls.
func (p *Peer) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = nil
}

type callKey struct{}

// arrived records a call before its credentials are checked.
func (p *Peer) arrived(ctx context.Context, method string) context.Context {
	md, _ := metadata.FromIncomingContext(ctx)
	c := &Call{Method: method, Values: len(md.Get("authorization"))}
	for key := range md {
		c.Keys = append(c.Keys, key)
	}
	slices.Sort(c.Keys)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
	return context.WithValue(ctx, callKey{}, c)
}

// verify calls the verifier and adds its result to the record.
func (p *Peer) verify(ctx context.Context, shown serverauth.Presented) (serverauth.Identity, error) {
	id, err := p.verifier.Verify(ctx, shown)
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		c.Scheme, c.TokenID, c.Subject = shown.Scheme, TokenID(shown.Token), id.Subject
	}
	return id, err
}

func (p *Peer) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	return handle(p.arrived(ctx, info.FullMethod), req)
}

func (p *Peer) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	return handle(srv, recorded{ss, p.arrived(ss.Context(), info.FullMethod)})
}

type recorded struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // what a ServerStream's Context returns
}

// Context returns that of the recorded call.
func (r recorded) Context() context.Context { return r.ctx }
