// Package settle holds the answers of the mock until what they have changed is kept: of calls,
// of messages of streams, and of HTTP requests. What cannot be kept ends in an error instead.
//
// Put [Unary], [Stream] and [HTTP] around the handlers.
package settle

import (
	"context"
	"errors"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// Unary lets an answer out once its changes are in j.
func Unary(j *kept.Journal) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		mark := j.Mark()
		resp, err := next(ctx, req)
		if failed := j.Settle(ctx, mark); failed != nil {
			return nil, notKept(failed)
		}
		return resp, err
	}
}

// Stream does so for each message of a stream.
func Stream(j *kept.Journal) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		out := &messages{ServerStream: ss, journal: j, mark: j.Mark()}
		err := next(srv, out)
		if failed := j.Settle(ss.Context(), out.mark); failed != nil {
			return notKept(failed)
		}
		return err
	}
}

// messages are those of one stream.
type messages struct {
	grpc.ServerStream

	journal *kept.Journal
	mark    uint64
}

func (m *messages) SendMsg(message any) error {
	if err := m.journal.Settle(m.Context(), m.mark); err != nil {
		return notKept(err)
	}
	m.mark = m.journal.Mark() // the next message tells of what comes from now on
	return m.ServerStream.SendMsg(message)
}

// notKept is the status of a call whose changes are not kept.
func notKept(err error) error {
	if e := status.FromContextError(err); e.Code() != codes.Unknown {
		return e.Err()
	}
	code := codes.Internal
	switch {
	case full(err):
		code = codes.ResourceExhausted
	case errors.Is(err, kept.ErrClosed):
		code = codes.Unavailable
	}
	return status.Error(code, notKeptText(err))
}

func notKeptText(err error) string {
	return "the mock could not keep its state, and what it could not keep is undone: " + err.Error()
}

// full reports whether there is no space.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
