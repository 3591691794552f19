package serverauth

import (
	"context"
	"errors"

	mwauth "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/auth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Unary returns an interceptor that runs the handler of a unary call only if v
// accepts the call's credential, or if [WithOpenMethods] names the method. A service
// cannot exempt itself. A nil v accepts no credential.
func Unary(v Verifier, opts ...Option) grpc.UnaryServerInterceptor {
	c := newConfig(v, opts)
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		// The middleware would call an AuthFuncOverride method of the service in
		// place of the check, so the service is not passed to it.
		return mwauth.UnaryServerInterceptor(c.check(info.FullMethod))(
			ctx, req, &grpc.UnaryServerInfo{FullMethod: info.FullMethod}, handler)
	}
}

// Stream is [Unary] for streams. The credential is checked when the stream opens;
// the stream stays open when the credential expires later.
func Stream(v Verifier, opts ...Option) grpc.StreamServerInterceptor {
	c := newConfig(v, opts)
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		return mwauth.StreamServerInterceptor(c.check(info.FullMethod))(nil, ss, info,
			func(_ any, ss grpc.ServerStream) error { return handler(srv, ss) })
	}
}

// check returns what the middleware runs for one method.
func (c *config) check(method string) mwauth.AuthFunc {
	return func(ctx context.Context) (context.Context, error) {
		id, err := c.identify(ctx, method)
		switch {
		case err == nil:
			return ContextWithIdentity(ctx, id), nil
		case c.isOpen(method):
			return ctx, nil
		}
		return nil, err
	}
}

func (c *config) identify(ctx context.Context, method string) (Identity, error) {
	p, err := c.presented(ctx, method)
	if err != nil {
		return Identity{}, err
	}
	if c.verifier == nil {
		return Identity{}, errNotAccepted
	}
	id, err := c.verifier.Verify(ctx, p)
	if err != nil {
		public := publicError(err)
		c.log(ctx, p, status.Code(public), err)
		return Identity{}, public
	}
	return id, nil
}

var errNotAccepted = status.Error(codes.Unauthenticated, "the credential was not accepted")

// publicError returns what the caller may know of a verifier's error: the status
// in it, without the texts of the errors that wrap it.
func publicError(err error) error {
	var st interface{ GRPCStatus() *status.Status }
	if errors.As(err, &st) && st.GRPCStatus().Code() != codes.OK { // an error with the code OK is still an error
		return st.GRPCStatus().Err()
	}
	return errNotAccepted
}
