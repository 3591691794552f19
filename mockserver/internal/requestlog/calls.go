package requestlog

import (
	"context"
	"log/slog"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/mockserver/front"
	"github.com/jetway-go/jetway/mockserver/requests"
)

// Unary logs calls.
func (l *Log) Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	r := l.arrived(ctx, info.FullMethod)
	resp, err := next(ctx, req)
	l.answered(ctx, r, err)
	return resp, err
}

// Stream logs streams.
func (l *Log) Stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	r := l.arrived(ss.Context(), info.FullMethod)
	err := next(srv, ss)
	l.answered(ss.Context(), r, err)
	return err
}

func (l *Log) arrived(ctx context.Context, method string) *entry {
	md, _ := metadata.FromIncomingContext(ctx)
	r := l.newEntry(requests.Request{Kind: requests.KindGRPC, Protocol: front.ProtocolFromContext(ctx), Method: method}, md)
	l.add(r)
	return r
}

func (l *Log) answered(ctx context.Context, r *entry, err error) {
	code := status.Code(err)
	if e := status.FromContextError(err); code == codes.Unknown && e.Code() != codes.Unknown {
		code = e.Code() // grpc-go turns a handler's context error into its status
	}
	reason := ""
	if err != nil {
		reason = l.WithoutSecrets(status.Convert(err).Message())
	}
	l.finish(r, code, 0, reason)
	if !l.cfg.Logger.Enabled(ctx, slog.LevelDebug) {
		return // what to log costs more than the call's other bookkeeping
	}
	l.cfg.Logger.Debug("mock call", "method", r.Method, "protocol", r.Protocol, "token", r.TokenID, "code", code.String())
}

// Answered logs a call that the front answers itself: the gRPC server does not get it.
func (l *Log) Answered(req *http.Request, call front.Call, code codes.Code, httpStatus int) {
	of := requests.Request{Kind: requests.KindGRPC, Protocol: call.Protocol, Method: l.WithoutSecrets(call.Method)}
	r := l.newEntry(of, lowered(req.Header))
	l.add(r)
	l.finish(r, code, httpStatus, "")
	l.cfg.Logger.Debug("mock call answered by the front",
		"method", r.Method, "protocol", r.Protocol, "token", r.TokenID, "code", code.String(), "status", httpStatus)
}
