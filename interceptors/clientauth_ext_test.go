package interceptors_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// The two interceptors of a connection are one in what they prepare and warn of.
func TestClientAuthWarnsOfALongTokenOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	unary, stream := interceptors.ClientAuth(&source{now: &auth.Credentials{AccessToken: strings.Repeat("x", 5000)}},
		interceptors.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	for range 2 {
		if err := unary(t.Context(), method, nil, nil, nil,
			func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }); err != nil {
			t.Error(err)
		}
		if _, err := stream(t.Context(), &grpc.StreamDesc{}, nil, method,
			func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
				return &countingStream{}, nil
			}); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(log.String(), "a token this long"); n != 1 {
		t.Errorf("%d warnings, want 1: %s", n, log.String())
	}
}
