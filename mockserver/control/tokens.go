package control

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func (s *service) RevokeTokens(_ context.Context, req *mockpb.RevokeTokensRequest) (*mockpb.RevokeTokensResponse, error) {
	if req.GetLogins() {
		s.server.Script().RevokeLogins()
	} else {
		s.server.Script().RevokeTokens()
	}
	return &mockpb.RevokeTokensResponse{}, nil
}

func (s *service) ExpireTokens(context.Context, *mockpb.ExpireTokensRequest) (*mockpb.ExpireTokensResponse, error) {
	s.server.Script().ExpireTokens()
	return &mockpb.ExpireTokensResponse{}, nil
}

func (s *service) IssueToken(_ context.Context, req *mockpb.IssueTokenRequest) (*mockpb.IssueTokenResponse, error) {
	token, err := s.server.Script().IssueToken(oauth.TokenSpec{
		Subject: req.GetSubject(), ClientID: req.GetClientId(), Scopes: req.GetScopes(), Audience: req.GetAudience(),
		TTL: req.GetTtl().AsDuration(), Claims: req.GetClaims().AsMap(), Refresh: req.GetRefresh(),
	})
	if err != nil {
		return nil, refuse(codes.InvalidArgument, ReasonBadValue, err.Error())
	}
	return &mockpb.IssueTokenResponse{
		AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, Expiry: timestamppb.New(token.Expiry),
		TokenId: oauth.TokenID(token.AccessToken),
	}, nil
}

func (s *service) SetClock(_ context.Context, req *mockpb.SetClockRequest) (*mockpb.SetClockResponse, error) {
	s.server.SetClockOffset(req.GetOffset().AsDuration())
	return &mockpb.SetClockResponse{Now: timestamppb.New(s.server.Now())}, nil
}
