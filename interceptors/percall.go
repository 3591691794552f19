package interceptors

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/jetway-go/jetway/auth"
)

const mainKey = "authorization"

// perCall stands among the options of a call in place of credentials that the caller gave
// there by grpc.PerRPCCredentials. gRPC adds what these return to the metadata, and says
// only then which header it is: so the header of the main source is added here as well,
// unless it is theirs. Then they are the call's own credentials.
type perCall struct {
	credentials.PerRPCCredentials

	main Source
	now  atomic.Pointer[auth.Credentials] // of the main source, as they were sent
	own  atomic.Bool                      // the caller's have the header
}

// takePerCall replaces the credentials among opts, if there are any and the call would get
// those of the main source too.
func (c *client) takePerCall(k *call, opts []grpc.CallOption) []grpc.CallOption {
	if !k.main {
		return opts
	}
	for i, o := range slices.Backward(opts) { // the last one counts
		given, ok := o.(grpc.PerRPCCredsCallOption)
		if !ok || given.Creds == nil {
			continue
		}
		k.perCall = &perCall{PerRPCCredentials: given.Creds, main: c.main}
		opts = slices.Clone(opts)
		opts[i] = grpc.PerRPCCredentials(k.perCall)
		break
	}
	return opts
}

// GetRequestMetadata returns the caller's header, and that of the main source if it is
// another one.
func (p *perCall) GetRequestMetadata(ctx context.Context, uri ...string) (map[string]string, error) {
	pairs, err := p.PerRPCCredentials.GetRequestMetadata(ctx, uri...)
	if err != nil {
		return nil, err
	}
	if p.own.Store(hasKey(pairs, mainKey)); p.own.Load() {
		return pairs, nil
	}
	failed := func(op string, err error) error {
		info, _ := credentials.RequestInfoFromContext(ctx)
		return &Error{Op: op, Method: info.Method, Err: err}
	}
	creds := p.now.Load()
	if creds == nil {
		if creds, err = p.main.Credentials(ctx); err != nil {
			return nil, failed("get credentials", err)
		}
		p.now.Store(creds)
	}
	key, value := creds.Header()
	if key == "" {
		return pairs, nil
	}
	if p.own.Store(hasKey(pairs, key)); p.own.Load() {
		return pairs, nil
	}
	if err := checkPair(key, value); err != nil {
		return nil, failed("attach credentials", err)
	}
	both := map[string]string{key: value}
	maps.Copy(both, pairs)
	return both, nil
}

// accepted tells the main source that a server has accepted its credentials, if an answer shows it.
func (p *perCall) accepted(answer error) {
	if p == nil || p.own.Load() || !showsAccepted(answer) {
		return
	}
	if a, ok := p.main.(accepter); ok {
		if sent := p.now.Load(); sent != nil {
			a.Accepted(sent)
		}
	}
}

// hasKey reports whether pairs have a key, which is in lower case, in any case.
func hasKey(pairs map[string]string, key string) bool {
	for k := range pairs {
		if strings.EqualFold(k, key) {
			return true
		}
	}
	return false
}
