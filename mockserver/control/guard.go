package control

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// guard registers services whose every method demands the secret first, also those that are
// added to them later.
type guard struct {
	grpc.ServiceRegistrar

	want [sha256.Size]byte
}

func newGuard(r grpc.ServiceRegistrar, secret string) guard {
	return guard{r, sha256.Sum256([]byte(secret))}
}

// RegisterService registers a copy of desc.
func (g guard) RegisterService(desc *grpc.ServiceDesc, impl any) {
	guarded := *desc
	guarded.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		next := m.Handler
		m.Handler = func(srv any, ctx context.Context, dec func(any) error, outer grpc.UnaryServerInterceptor) (any, error) {
			if err := g.check(ctx); err != nil {
				return nil, err
			}
			return next(srv, ctx, dec, outer)
		}
		guarded.Methods[i] = m
	}
	guarded.Streams = make([]grpc.StreamDesc, len(desc.Streams))
	for i, s := range desc.Streams {
		next := s.Handler
		s.Handler = func(srv any, stream grpc.ServerStream) error {
			if err := g.check(stream.Context()); err != nil {
				return err
			}
			return next(srv, stream)
		}
		guarded.Streams[i] = s
	}
	g.ServiceRegistrar.RegisterService(&guarded, impl)
}

// check compares digests, so that the time it takes says nothing about the secret, its length
// included.
func (g guard) check(ctx context.Context) error {
	values := metadata.ValueFromIncomingContext(ctx, SecretKey)
	if len(values) == 0 {
		return refuse(codes.Unauthenticated, ReasonMissingSecret,
			"the control service needs its secret in the metadata key "+SecretKey+"; the command prints it when it starts with --control")
	}
	got := sha256.Sum256([]byte(values[0]))
	if len(values) > 1 || subtle.ConstantTimeCompare(got[:], g.want[:]) != 1 {
		return refuse(codes.Unauthenticated, ReasonWrongSecret,
			"this is not the secret of the control service; an access token, a client secret or that of an earlier start does not serve")
	}
	return nil
}
