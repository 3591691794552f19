package control

import (
	"cmp"
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
)

// checkMethod returns a status for a method that the server does not have.
func (s *service) checkMethod(name string) error {
	if err := s.server.Script().CheckMethod(name); err != nil {
		return refuse(codes.InvalidArgument, ReasonUnknownMethod, cause(err).Error())
	}
	return nil
}

// cause returns an error of the mock without the operation, which the caller knows.
func cause(err error) error {
	if of := new(mockserver.Error); errors.As(err, &of) {
		return of.Err
	}
	return err
}

// count returns how often a fault happens: once if the caller does not say.
func count(n uint32) int { return int(cmp.Or(n, 1)) }

// pause returns a time to wait; zero for none.
func pause(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if err := d.CheckValid(); err != nil {
		return 0, badValue("%s: %v", field, err)
	}
	if d.AsDuration() < 0 {
		return 0, badValue("%s: %v is negative; want a time to wait, or none", field, d.AsDuration())
	}
	return d.AsDuration(), nil
}

// code returns a status code as gRPC has it.
func code(c mockpb.Code) (codes.Code, error) {
	if _, known := mockpb.Code_name[int32(c)]; !known {
		return 0, badValue("code: gRPC has no status code %d", c)
	}
	return codes.Code(uint32(c)), nil //nolint:gosec // one of the known, none of which is negative
}

func (s *service) RejectCalls(_ context.Context, req *mockpb.RejectCallsRequest) (*mockpb.RejectCallsResponse, error) {
	s.server.Script().RejectNext(count(req.GetCount()))
	return &mockpb.RejectCallsResponse{}, nil
}

func (s *service) FailCalls(_ context.Context, req *mockpb.FailCallsRequest) (*mockpb.FailCallsResponse, error) {
	if err := s.checkMethod(req.GetMethod()); err != nil {
		return nil, err
	}
	c, err := code(req.GetCode())
	if err != nil {
		return nil, err
	}
	if c == codes.OK {
		return nil, badValue("code: want the status of a failure, such as CODE_UNAVAILABLE")
	}
	switch every := req.GetEvery(); {
	case every > 0 && req.GetCount() > 0:
		return nil, badValue("count, every: calls fail for a while or without end; set one of them")
	case every > 0:
		s.server.Script().FailEvery(req.GetMethod(), int(every), c, req.GetMessage())
		return &mockpb.FailCallsResponse{}, nil
	}
	s.server.Script().FailNext(req.GetMethod(), count(req.GetCount()), c, req.GetMessage())
	return &mockpb.FailCallsResponse{}, nil
}

func (s *service) DelayCalls(_ context.Context, req *mockpb.DelayCallsRequest) (*mockpb.DelayCallsResponse, error) {
	if err := s.checkMethod(req.GetMethod()); err != nil {
		return nil, err
	}
	delay, err := pause("delay", req.GetDelay())
	if err != nil {
		return nil, err
	}
	s.server.Script().Delay(req.GetMethod(), delay)
	return &mockpb.DelayCallsResponse{}, nil
}

func (s *service) BreakStream(_ context.Context, req *mockpb.BreakStreamRequest) (*mockpb.BreakStreamResponse, error) {
	if err := s.checkMethod(req.GetMethod()); err != nil {
		return nil, err
	}
	c, err := code(req.GetCode())
	if err != nil {
		return nil, err
	}
	s.server.Script().BreakStream(req.GetMethod(), int(req.GetAfter()), c, req.GetMessage())
	return &mockpb.BreakStreamResponse{}, nil
}

func (s *service) AnswerCalls(_ context.Context, req *mockpb.AnswerCallsRequest) (*mockpb.AnswerCallsResponse, error) {
	answer, err := httpAnswer(req.GetAnswer())
	if err != nil {
		return nil, err
	}
	if err := s.checkMethod(req.GetMethod()); err != nil {
		return nil, err
	}
	if err := s.server.Script().AnswerHTTP(req.GetMethod(), count(req.GetCount()), answer); err != nil {
		return nil, noFront(err)
	}
	return &mockpb.AnswerCallsResponse{}, nil
}

func (s *service) AnswerRejections(_ context.Context, req *mockpb.AnswerRejectionsRequest) (*mockpb.AnswerRejectionsResponse, error) {
	answer, err := httpAnswer(req.GetAnswer())
	if err != nil {
		return nil, err
	}
	set := &answer
	if req.GetAnswer() == nil {
		set = nil
	}
	if err := s.server.Script().AnswerRejections(set); err != nil {
		return nil, noFront(err)
	}
	return &mockpb.AnswerRejectionsResponse{}, nil
}

func noFront(err error) error {
	return refuse(codes.FailedPrecondition, ReasonNoHTTPFront, cause(err).Error()+"; the command has it with --http-front")
}

func httpAnswer(a *mockpb.HTTPAnswer) (mockserver.HTTPAnswer, error) {
	status, err := httpStatus("status", a.GetStatus())
	return mockserver.HTTPAnswer{
		Status: status, ContentType: a.GetContentType(), Body: a.GetBody(), Location: a.GetLocation(),
	}, err
}

// httpStatus checks the status of a final answer; zero is the default.
func httpStatus(field string, n uint32) (int, error) {
	if n != 0 && (n < 200 || n > 599) {
		return 0, badValue("%s: %d is no status of an HTTP answer; want 200 to 599", field, n)
	}
	return int(n), nil
}

func (s *service) SetProxyToken(_ context.Context, req *mockpb.SetProxyTokenRequest) (*mockpb.SetProxyTokenResponse, error) {
	s.server.Script().SetProxyToken(req.GetToken())
	return &mockpb.SetProxyTokenResponse{}, nil
}

func (s *service) SetWatches(_ context.Context, req *mockpb.SetWatchesRequest) (*mockpb.SetWatchesResponse, error) {
	s.server.Script().EndWatchesAtDeadline(req.GetEndAtDeadline())
	s.server.Script().DropUpdates(int(req.GetDropUpdates()))
	return &mockpb.SetWatchesResponse{}, nil
}
