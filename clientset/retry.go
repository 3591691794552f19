package clientset

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/jetway-go/jetway/auth"
	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/internal/fault"
)

const (
	defaultRetries = 3
	firstBackoff   = 500 * time.Millisecond
	maxBackoff     = 10 * time.Second
	backoffJitter  = 0.5 // of the wait, both ways
)

// isUnmarkedRead reports whether a method changes nothing although the contract does
// not mark it NO_SIDE_EFFECTS.
func isUnmarkedRead(fullMethod string) bool {
	switch fullMethod {
	case projectpb.ProjectService_ListProjects_FullMethodName,
		secretpb.SecretService_GetSecret_FullMethodName,
		secretpb.SecretService_ListSecrets_FullMethodName,
		authpb.IdentityService_UserInfo_FullMethodName,
		servicepb.AdminService_GetVersion_FullMethodName,
		servicepb.AdminService_GetProject_FullMethodName,
		servicepb.AdminService_ListProjects_FullMethodName,
		servicepb.AdminService_GetDomains_FullMethodName:
		return true
	default:
		return false
	}
}

// transientRetry repeats calls that change nothing, at most n times, after errors of
// the server or of the connection that are transient, and notes these. Nil repeats
// none.
func transientRetry(n uint, set *ClientSet) grpc.UnaryClientInterceptor {
	if n == 0 {
		return nil
	}
	repeat := retry.UnaryClientInterceptor(
		retry.WithMax(n+1), // attempts
		retry.WithBackoff(retry.BackoffExponentialWithJitterBounded(firstBackoff, backoffJitter, maxBackoff)),
		retry.WithRetriable(func(err error) bool {
			if !isTransient(err) {
				return false
			}
			set.note(fault.Readable(err))
			_, permanent := set.diagnose(err)
			return !permanent
		}),
	)
	return func(
		ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		if !isRead(method) {
			return invoker(ctx, method, req, reply, cc, opts...)
		}
		var last error
		err := repeat(ctx, method, req, reply, cc, func(
			ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, opts ...grpc.CallOption,
		) error {
			last = invoker(ctx, method, req, reply, cc, opts...)
			return last
		}, opts...)
		if last != nil && err != last && isTransient(last) { //nolint:errorlint // the very error, or one of the pause before the next attempt
			err = &interruptedError{err, last}
		}
		return err
	}
}

// interruptedError says that the deadline passed in the pause before another attempt.
// In everything but its type it is the error that it holds.
type interruptedError struct {
	error
	last error // how the attempt before ended
}

func (e *interruptedError) Unwrap() error { return e.error }

func (e *interruptedError) GRPCStatus() *status.Status { return status.Convert(e.error) }

// isTransient reports whether an error may not occur again. It is false for errors
// made on this side: the code that made them decides when to try again.
func isTransient(err error) bool {
	var login *auth.Error
	var attach *interceptors.Error
	var own *Error
	if errors.As(err, &login) || errors.As(err, &attach) || errors.As(err, &own) {
		return false
	}
	switch st := status.Convert(err); st.Code() {
	case codes.Unavailable:
		return true
	case codes.ResourceExhausted: // "grpc: received message larger than max" will not shrink
		return !strings.HasPrefix(st.Message(), "grpc: ")
	default:
		return false
	}
}

// isRead looks a method up in the descriptors that are linked into the program,
// which also holds stubs that are not ours.
func isRead(fullMethod string) bool {
	if isUnmarkedRead(fullMethod) {
		return true
	}
	name := strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return false
	}
	options, ok := d.Options().(*descriptorpb.MethodOptions)
	return ok && options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}
