package control

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/requests"
)

// defaultLimit keeps answers below the 4 MiB that clients of gRPC receive by default.
const defaultLimit = 1000

// selection is what ListRequests and WatchRequests have in common.
type selection interface {
	GetMethod() string
	GetKind() mockpb.Kind
	GetAfter() uint64
}

func selects(by selection, r *mockpb.Request) bool {
	if r.GetNumber() <= by.GetAfter() || by.GetKind() != mockpb.Kind_KIND_UNSPECIFIED && by.GetKind() != r.GetKind() {
		return false
	}
	if service, all := strings.CutSuffix(by.GetMethod(), "*"); all {
		return strings.HasPrefix(r.GetMethod(), service)
	}
	return by.GetMethod() == "" || by.GetMethod() == r.GetMethod()
}

func (s *service) ListRequests(_ context.Context, req *mockpb.ListRequestsRequest) (*mockpb.ListRequestsResponse, error) {
	out := &mockpb.ListRequestsResponse{TokenRequests: uint64(s.server.TokenRequests())} //nolint:gosec // a count
	for _, r := range s.server.Requests() {
		if m := request(r); selects(req, m) {
			out.Requests = append(out.Requests, m)
		}
	}
	if omit := len(out.GetRequests()) - int(cmp.Or(req.GetLimit(), defaultLimit)); omit > 0 {
		out.Requests, out.Omitted = out.GetRequests()[omit:], uint32(omit) //nolint:gosec // no more than the server keeps
	}
	return out, nil
}

func (s *service) WatchRequests(
	req *mockpb.WatchRequestsRequest, stream grpc.ServerStreamingServer[mockpb.WatchRequestsResponse],
) error {
	if err := stream.SendHeader(metadata.MD{}); err != nil { // so that callers know that the watch is open
		return err
	}
	err := s.server.WatchRequests(stream.Context(), req.GetAfter(), func(r requests.Request) error {
		m := request(r)
		if !selects(req, m) {
			return nil
		}
		return stream.Send(&mockpb.WatchRequestsResponse{Request: m})
	})
	if errors.Is(err, requests.ErrSlow) {
		return refuse(codes.ResourceExhausted, ReasonSlowWatch, cause(err).Error())
	}
	if ctx := stream.Context(); err == nil && ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	return err
}

func (s *service) ResetRequests(context.Context, *mockpb.ResetRequestsRequest) (*mockpb.ResetRequestsResponse, error) {
	s.server.ResetRequests()
	return &mockpb.ResetRequestsResponse{}, nil
}

// request returns what the server has recorded, as a message.
func request(r requests.Request) *mockpb.Request {
	out := &mockpb.Request{
		Number: r.Number, Method: r.Method, Time: timestamppb.New(r.Time), TokenId: r.TokenID, Done: r.Done,
		Code: mockpb.Code(int32(r.Code)), HttpStatus: uint32(r.HTTPStatus), //nolint:gosec // both are small
		Metadata: values(r.Metadata), Form: values(r.Form),
	}
	switch r.Kind {
	case requests.KindGRPC:
		out.Kind, out.Protocol = mockpb.Kind_KIND_CALL, string(r.Protocol)
	case requests.KindToken:
		out.Kind = mockpb.Kind_KIND_TOKEN
	default:
		out.Kind = mockpb.Kind_KIND_HTTP
	}
	return out
}

func values(of map[string][]string) map[string]*mockpb.Values {
	if len(of) == 0 {
		return nil
	}
	out := make(map[string]*mockpb.Values, len(of))
	for key, list := range of {
		out[key] = &mockpb.Values{Values: list}
	}
	return out
}
