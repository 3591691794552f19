package clientset_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

type tenant struct{}

// The login asks the backend in goroutines of its own. A panic there would end the
// program, whatever that does about panics in its calls.
func TestInterceptorThatPanicsInALoginFailsThatLoginOnly(t *testing.T) {
	t.Parallel()
	const secret = "canary-tenant"
	needsTenant := func(
		ctx context.Context, method string, req, answer any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		name := ctx.Value(tenant{}).(string) // unchecked, as programs do
		return invoke(context.WithValue(ctx, tenant{}, name), method, req, answer, cc, opts...)
	}
	s := quiet(t, mockserver.WithProject("demo"))
	cs := made(t)(clientset.ForAPIKey(s.APIKey(), clientset.WithInsecure(),
		clientset.WithDialOptions(grpc.WithChainUnaryInterceptor(needsTenant))))
	err := list(context.WithValue(soon(t), tenant{}, secret), cs)
	if err == nil || !strings.Contains(err.Error(), "an interceptor of the program panicked") {
		t.Fatalf("got %v, want what panicked", err)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("a value of the program shows: %v", err)
	}
}
