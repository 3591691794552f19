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

// Call is what one call carried. It holds no secret.
type Call struct {
	// Method is the full method name.
	Method string
	// Values is how many authorization headers there were.
	Values int
	// Scheme is the word before the token, as it was written.
	Scheme string
	// TokenID names the token; empty without one. See [TokenID].
	TokenID string
	// Keys are the metadata keys of the call.
	Keys []string
	// Subject is who the verifier found; empty when it refused.
	Subject string
}

// TokenID is the first 32 hex digits of the SHA-256 of a token: enough to tell
// two apart.
func TokenID(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}

// Calls returns what has arrived, oldest first.
func (p *Peer) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Call, 0, len(p.calls))
	for _, c := range p.calls {
		out = append(out, *c)
	}
	return out
}

// Reset forgets what has arrived so far.
func (p *Peer) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = nil
}

type callKey struct{}

// arrived remembers a call before anything is decided about it.
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

// verify asks the verifier and adds what it found.
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

// Context is that of the recorded call.
func (r recorded) Context() context.Context { return r.ctx }
