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
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
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
		clusterpb.ClusterService_SelectCluster_FullMethodName,
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
	backoff := retry.BackoffExponentialWithJitterBounded(firstBackoff, backoffJitter, maxBackoff)
	repeat := retry.UnaryClientInterceptor(
		retry.WithMax(n+1), // attempts
		retry.WithBackoff(func(ctx context.Context, attempt uint) time.Duration { return set.pause(ctx, backoff(ctx, attempt)) }),
		retry.WithRetriable(func(err error) bool {
			if _, repeated := errors.AsType[*repeatedError](err); repeated || !isTransient(err) {
				return false
			}
			set.note(fault.Readable(err))
			if _, permanent := set.diagnose(err); permanent {
				return false
			}
			set.hurry() // during the pause, so that the next attempt finds a connection
			return true
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
			if isRepeatedByGRPC(cc, method, last) {
				return &repeatedError{last}
			}
			return last
		}, opts...)
		if repeated, ok := errors.AsType[*repeatedError](err); ok {
			return repeated.error
		}
		if last != nil && err != last && isTransient(last) { //nolint:errorlint // the very error, or one of the pause before the next attempt
			err = &interruptedError{err, last}
		}
		return err
	}
}

// repeatedError is the error of a call that gRPC itself has repeated.
type repeatedError struct{ error }

func (e *repeatedError) Unwrap() error { return e.error }

func (e *repeatedError) GRPCStatus() *status.Status { return status.Convert(e.error) }

// isRepeatedByGRPC reports whether a retry policy covers err: one of a service config that
// the program, its resolver or its name server brought, since ours has none.
func isRepeatedByGRPC(cc *grpc.ClientConn, method string, err error) bool {
	if err == nil {
		return false
	}
	policy := cc.GetMethodConfig(method).RetryPolicy
	return policy != nil && policy.RetryableStatusCodes[status.Code(err)]
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
	case codes.ResourceExhausted:
		return !isTooLarge(st.Message())
	default:
		return false
	}
}

// isTooLarge reports whether a status of ResourceExhausted is about the size of a message,
// which does not shrink. The words are those of gRPC in Go, Java, Python (and all else on
// its C core), .NET and JavaScript, and of Connect.
func isTooLarge(text string) bool {
	text = strings.ToLower(text)
	switch {
	case strings.Contains(text, "http.maxbytesreader limit"):
		return true
	case !strings.Contains(text, "message"):
		return false
	}
	for _, sign := range []string{
		"larger than", "too large", "exceeds maximum size", "exceeds the maximum configured message size", "exceeds sendmaxbytes",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
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
