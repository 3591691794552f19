package control

import (
	"cmp"
	"context"
	"math"
	"net/http"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// endpoint returns the mock's name for an endpoint; empty if there is none.
func endpoint(e mockpb.Endpoint) oauth.Endpoint {
	switch e {
	case mockpb.Endpoint_ENDPOINT_TOKEN:
		return oauth.EndpointToken
	case mockpb.Endpoint_ENDPOINT_AUTHORIZATION:
		return oauth.EndpointAuthorization
	case mockpb.Endpoint_ENDPOINT_DEVICE:
		return oauth.EndpointDevice
	case mockpb.Endpoint_ENDPOINT_REVOCATION:
		return oauth.EndpointRevocation
	case mockpb.Endpoint_ENDPOINT_INTROSPECTION:
		return oauth.EndpointIntrospection
	case mockpb.Endpoint_ENDPOINT_USERINFO:
		return oauth.EndpointUserinfo
	case mockpb.Endpoint_ENDPOINT_DISCOVERY:
		return oauth.EndpointDiscovery
	default:
		return ""
	}
}

func (s *service) SetEndpoint(_ context.Context, req *mockpb.SetEndpointRequest) (*mockpb.SetEndpointResponse, error) {
	name := endpoint(req.GetEndpoint())
	if name == "" {
		return nil, badValue("endpoint: want one such as ENDPOINT_TOKEN")
	}
	answers, err := checkEndpoint(req)
	if err != nil {
		return nil, err
	}
	slow, err := pause("slow", req.GetSlow())
	if err != nil {
		return nil, err
	}
	f := s.server.Script().Endpoint(name)
	f.Reset()
	f.Slow(slow)
	for _, r := range req.GetRefuse() {
		f.Refuse(count(r.GetCount()), r.GetError())
	}
	for i, a := range req.GetFail() {
		f.FailNext(count(a.GetCount()), answers[i])
	}
	if req.GetDown() {
		f.Down(true)
	}
	if to := req.GetRedirect(); to != "" {
		f.Redirect(to, int(cmp.Or(req.GetRedirectStatus(), http.StatusTemporaryRedirect)))
	}
	f.Echo(req.GetEcho())
	f.Flood(int64(req.GetFlood())) //nolint:gosec // checkEndpoint knows that it is no more
	if v := req.GetExpiresIn(); v != nil {
		f.ExpiresIn(v.AsInterface())
	}
	f.ContentType(req.GetContentType())
	f.Hang(req.GetHang())
	return &mockpb.SetEndpointResponse{}, nil
}

// checkEndpoint returns the answers of req, or the error of what it has no meaning for.
func checkEndpoint(req *mockpb.SetEndpointRequest) ([]faults.Answer, error) {
	switch status := req.GetRedirectStatus(); {
	case req.GetDown() && req.GetRedirect() != "":
		return nil, badValue("down, redirect: an endpoint does one of them")
	case status != 0 && (status < 300 || status > 399):
		return nil, badValue("redirect_status: want 300 to 399, not %d", status)
	case req.GetFlood() > math.MaxInt64:
		return nil, badValue("flood: want fewer bytes")
	}
	for _, r := range req.GetRefuse() {
		if r.GetError() == "" {
			return nil, badValue("refuse: want an error such as invalid_grant")
		}
	}
	var out []faults.Answer
	for _, a := range req.GetFail() {
		status, err := httpStatus("fail", a.GetStatus())
		if err != nil {
			return nil, err
		}
		header := http.Header{}
		for name, value := range a.GetHeaders() {
			header.Set(name, value)
		}
		out = append(out, faults.Answer{Status: status, ContentType: a.GetContentType(), Body: a.GetBody(), Header: header})
	}
	return out, nil
}
