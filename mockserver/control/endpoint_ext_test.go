package control_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/control"
)

const tokenEndpoint = mockpb.Endpoint_ENDPOINT_TOKEN

func (f fixture) set(t *testing.T, req *mockpb.SetEndpointRequest) {
	t.Helper()
	ok[*mockpb.SetEndpointResponse](t)(f.control.SetEndpoint(with(t), req))
}

func TestSetEndpointMakesTheTokenEndpointMisbehave(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, tt := range map[string]struct {
		faults *mockpb.SetEndpointRequest
		status int
		says   string
	}{
		"down":              {&mockpb.SetEndpointRequest{Down: true}, 503, "Service Unavailable"},
		"redirect":          {&mockpb.SetEndpointRequest{Redirect: "http://127.0.0.1:1/"}, 307, ""},
		"redirect by 302":   {&mockpb.SetEndpointRequest{Redirect: "http://127.0.0.1:1/", RedirectStatus: 302}, 302, ""},
		"echo":              {&mockpb.SetEndpointRequest{Echo: true}, 500, "grant_type=client_credentials"},
		"flood":             {&mockpb.SetEndpointRequest{Flood: 1 << 20}, 200, strings.Repeat("A", 1<<20)},
		"expires_in, text":  {&mockpb.SetEndpointRequest{ExpiresIn: structpb.NewStringValue("soon")}, 200, `"expires_in":"soon"`},
		"expires_in, below": {&mockpb.SetEndpointRequest{ExpiresIn: structpb.NewNumberValue(-5)}, 200, `"expires_in":-5`},
		"refuse":            {&mockpb.SetEndpointRequest{Refuse: []*mockpb.Refusal{{Error: "invalid_client"}}}, 401, `"invalid_client"`},
		"fail": {&mockpb.SetEndpointRequest{Fail: []*mockpb.EndpointAnswer{{
			Status: 429, ContentType: "text/plain", Body: "slower", Headers: map[string]string{"retry-after": "7"},
		}}}, 429, "slower"},
	} {
		tt.faults.Endpoint = tokenEndpoint
		f.set(t, tt.faults)
		if status, body := f.askToken(t); status != tt.status || !strings.Contains(body, tt.says) {
			t.Errorf("%s: %d %.200s", name, status, body)
		}
		f.set(t, &mockpb.SetEndpointRequest{Endpoint: tokenEndpoint})
		if status, body := f.askToken(t); status != 200 || !strings.Contains(body, `"expires_in":3600`) {
			t.Errorf("after %s: %d", name, status)
		}
	}
	f.set(t, &mockpb.SetEndpointRequest{Endpoint: tokenEndpoint, ExpiresIn: structpb.NewNullValue()})
	if _, body := f.askToken(t); strings.Contains(body, "expires_in") {
		t.Errorf("expires_in was not left out: %s", body)
	}
}

func TestSetEndpointCountsAnswersInOrder(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.set(t, &mockpb.SetEndpointRequest{
		Endpoint: tokenEndpoint, Refuse: []*mockpb.Refusal{{Count: 2, Error: "invalid_grant"}}, Fail: []*mockpb.EndpointAnswer{{}},
	})
	for i, want := range []int{400, 400, 500, 200} {
		if status, _ := f.askToken(t); status != want {
			t.Errorf("request %d: %d, want %d", i+1, status, want)
		}
	}
}

func TestSetEndpointHangsAndSlows(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, faults := range map[string]*mockpb.SetEndpointRequest{
		"hang": {Endpoint: tokenEndpoint, Hang: true}, "slow": {Endpoint: tokenEndpoint, Slow: durationpb.New(time.Hour)},
	} {
		f.set(t, faults)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.server.TokenURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := f.server.HTTPClient().Do(r); err == nil {
			t.Errorf("%s: it answered %s, %v", name, resp.Status, resp.Body.Close())
		}
		cancel()
	}
	f.set(t, &mockpb.SetEndpointRequest{Endpoint: tokenEndpoint})
	if status, _ := f.askToken(t); status != 200 {
		t.Errorf("it answers %d", status)
	}
}

// Each endpoint of the proto is one of the server's.
func TestSetEndpointReachesEveryEndpoint(t *testing.T) {
	t.Parallel()
	f := start(t)
	at := map[mockpb.Endpoint]string{
		tokenEndpoint:                          f.server.TokenURL(),
		mockpb.Endpoint_ENDPOINT_AUTHORIZATION: f.server.AuthorizationURL(),
		mockpb.Endpoint_ENDPOINT_DEVICE:        f.server.HTTPURL() + "/oauth2/device_authorization",
		mockpb.Endpoint_ENDPOINT_REVOCATION:    f.server.HTTPURL() + "/oauth2/revoke",
		mockpb.Endpoint_ENDPOINT_INTROSPECTION: f.server.IntrospectionURL(),
		mockpb.Endpoint_ENDPOINT_USERINFO:      f.server.HTTPURL() + "/oauth2/userinfo",
		mockpb.Endpoint_ENDPOINT_DISCOVERY:     f.server.HTTPURL() + "/.well-known/openid-configuration",
	}
	for number := range mockpb.Endpoint_name {
		e := mockpb.Endpoint(number)
		if e == mockpb.Endpoint_ENDPOINT_UNSPECIFIED {
			continue
		}
		f.set(t, &mockpb.SetEndpointRequest{Endpoint: e, Fail: []*mockpb.EndpointAnswer{{Status: 599}}})
		r, err := http.NewRequestWithContext(short(t), http.MethodGet, at[e], nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := f.server.HTTPClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.StatusCode != 599 {
			t.Errorf("%v at %s answers %d, %v", e, at[e], resp.StatusCode, err)
		}
	}
}

func TestMistakesInEndpointsAreRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.set(t, &mockpb.SetEndpointRequest{Endpoint: tokenEndpoint, Down: true})
	for says, req := range map[string]*mockpb.SetEndpointRequest{
		"ENDPOINT_TOKEN": {},
		"one of them":    {Endpoint: tokenEndpoint, Down: true, Redirect: "http://x"},
		"300 to 399":     {Endpoint: tokenEndpoint, Redirect: "http://x", RedirectStatus: 200},
		"invalid_grant":  {Endpoint: tokenEndpoint, Refuse: []*mockpb.Refusal{{}}},
		"200 to 599":     {Endpoint: tokenEndpoint, Fail: []*mockpb.EndpointAnswer{{Status: 1}}},
		"fewer bytes":    {Endpoint: tokenEndpoint, Flood: 1 << 63},
	} {
		_, err := f.control.SetEndpoint(with(t), req)
		wantRefusal(t, err, codes.InvalidArgument, control.ReasonBadValue, says)
	}
	if status, _ := f.askToken(t); status != 503 {
		t.Errorf("a refused request has changed something: %d", status)
	}
}
