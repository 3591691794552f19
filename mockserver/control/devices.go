package control

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
)

func (s *service) ListDevices(context.Context, *mockpb.ListDevicesRequest) (*mockpb.ListDevicesResponse, error) {
	out := &mockpb.ListDevicesResponse{}
	for _, d := range s.server.Script().PendingDevices() {
		out.Devices = append(out.Devices, &mockpb.Device{
			UserCode: d.UserCode, ClientId: d.ClientID, Scopes: d.Scopes, Expiry: timestamppb.New(d.Expiry),
		})
	}
	return out, nil
}

func (s *service) ApproveDevice(_ context.Context, req *mockpb.ApproveDeviceRequest) (*mockpb.ApproveDeviceResponse, error) {
	if err := s.server.Script().ApproveDevice(req.GetUserCode(), req.GetLogin()); err != nil {
		return nil, noDevice(err)
	}
	return &mockpb.ApproveDeviceResponse{}, nil
}

func (s *service) DenyDevice(_ context.Context, req *mockpb.DenyDeviceRequest) (*mockpb.DenyDeviceResponse, error) {
	if err := s.server.Script().DenyDevice(req.GetUserCode()); err != nil {
		return nil, noDevice(err)
	}
	return &mockpb.DenyDeviceResponse{}, nil
}

func noDevice(err error) error {
	reason := ReasonUnknownDevice
	if errors.Is(err, mockserver.ErrUnknownAccount) {
		reason = ReasonUnknownUser
	}
	return refuse(codes.NotFound, reason, cause(err).Error()+"; ListDevices returns those that wait")
}
