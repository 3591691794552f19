package front_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/jetway-go/jetway/mockserver/front"
)

// ways are all combinations of protocol, transport and codec that exist.
func eachWay(t *testing.T, kind connect.StreamType, run func(t *testing.T, w way, client *http.Client, url string)) {
	t.Helper()
	for _, tr := range transports() {
		url, client := serve(t, tr, front.Config{})
		for _, p := range protocols() {
			for _, asJSON := range []bool{false, true} {
				if w := (way{tr, p, asJSON, false}); w.exists(kind) {
					run(t, w, client, url)
				}
			}
		}
	}
}

func TestStatusReachesTheCallerWithItsDetails(t *testing.T) {
	t.Parallel()
	eachWay(t, connect.StreamTypeUnary, func(t *testing.T, w way, client *http.Client, url string) {
		t.Helper()
		c := connect.NewClient[testpb.SimpleRequest, testpb.SimpleResponse](client, url+unaryCall, w.options()...)
		for code := connect.CodeUnknown; code <= connect.CodeUnauthenticated; code++ {
			_, err := c.CallUnary(short(t), connect.NewRequest(&testpb.SimpleRequest{
				Payload:        &testpb.Payload{Body: []byte("why")},
				ResponseStatus: &testpb.EchoStatus{Code: int32(code), Message: "nö: 100%"},
			}))
			var got *connect.Error
			if !errors.As(err, &got) || got.Code() != code || got.Message() != "nö: 100%" || len(got.Details()) != 1 {
				t.Fatalf("%v: %v came as %v", w, code, err)
			}
			detail, err := got.Details()[0].Value()
			if p, ok := detail.(*testpb.Payload); err != nil || !ok || string(p.GetBody()) != "why" {
				t.Errorf("%v: detail %v, %v", w, detail, err)
			}
		}
	})
}

func TestStreamThatFailsKeepsItsMessages(t *testing.T) {
	t.Parallel()
	eachWay(t, connect.StreamTypeServer, func(t *testing.T, w way, client *http.Client, url string) {
		t.Helper()
		c := connect.NewClient[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse](client, url+serverCall, w.options()...)
		stream, err := c.CallServerStream(short(t), connect.NewRequest(&testpb.StreamingOutputCallRequest{
			ResponseParameters: []*testpb.ResponseParameters{{Size: 1}, {Size: 2}},
			ResponseStatus:     &testpb.EchoStatus{Code: int32(connect.CodeDataLoss), Message: "cut"},
		}))
		if err != nil {
			t.Fatalf("%v: %v", w, err)
		}
		n := 0
		for stream.Receive() {
			n++
		}
		if n != 2 || connect.CodeOf(stream.Err()) != connect.CodeDataLoss {
			t.Errorf("%v: %d messages, then %v", w, n, stream.Err())
		}
		_ = stream.Close()
	})
}

func TestDeadlineOfTheCallerReachesTheServer(t *testing.T) {
	t.Parallel()
	eachWay(t, connect.StreamTypeUnary, func(t *testing.T, w way, client *http.Client, url string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		_, err := waiting(ctx, w, client, url)
		if connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Errorf("%v: %v", w, err)
		}
	})
}

// waiting makes a call that the server ends only when it is over for another reason.
func waiting(ctx context.Context, w way, client *http.Client, url string) (*connect.Response[testpb.SimpleResponse], error) {
	c := connect.NewClient[testpb.SimpleRequest, testpb.SimpleResponse](client, url+unaryCall, w.options()...)
	return c.CallUnary(ctx, connect.NewRequest(&testpb.SimpleRequest{ResponseStatus: &testpb.EchoStatus{Code: int32(connect.CodeCanceled)}}))
}

// The server, not the client, notices this deadline: the client keeps none of its own.
func TestServerEndsCallsAtTheDeadlineInTheHeader(t *testing.T) {
	t.Parallel()
	body := `{"responseStatus":{"code":1}}`
	for _, tr := range transports() {
		url, client := serve(t, tr, front.Config{})
		resp, text := send(t, client, http.MethodPost, url+unaryCall, body, "Content-Type: application/json", "Connect-Timeout-Ms: 20")
		if resp.StatusCode != http.StatusGatewayTimeout || !strings.Contains(text, `"deadline_exceeded"`) {
			t.Errorf("%s: %d %s", tr.name, resp.StatusCode, text)
		}
	}
}

func TestConnectErrorsAreJSONWithTheirStatus(t *testing.T) {
	t.Parallel()
	const asJSON, version = "Content-Type: application/json", "Connect-Protocol-Version: 1"
	for _, tr := range transports() {
		url, client := serve(t, tr, front.Config{})
		for name, tt := range map[string]struct {
			path, body string
			headers    []string
			status     int
			code       string
		}{
			"without a version":       {unaryCall, `{"payload":{"body":"cGluZw=="}}`, []string{asJSON}, 200, ""},
			"with a version":          {unaryCall, `{}`, []string{asJSON, version}, 200, ""},
			"with a charset":          {unaryCall, `{}`, []string{asJSON + ";charset=UTF-8"}, 200, ""},
			"an unknown field":        {unaryCall, `{"later":1}`, []string{asJSON}, 200, ""},
			"another version":         {unaryCall, `{}`, []string{asJSON, "Connect-Protocol-Version: 2"}, 400, "invalid_argument"},
			"no JSON":                 {unaryCall, `{"payload":`, []string{asJSON}, 400, "invalid_argument"},
			"another message":         {unaryCall, `{"payload":7}`, []string{asJSON}, 400, "invalid_argument"},
			"a status":                {unaryCall, `{"responseStatus":{"code":5}}`, []string{asJSON}, 404, "not_found"},
			"an unknown method":       {service + "Nothing", `{}`, []string{asJSON}, 501, "unimplemented"},
			"an unknown service":      {"/some.other.Service/Get", `{}`, []string{asJSON, version}, 501, "unimplemented"},
			"an unknown in binary":    {"/some.other.Service/Get", "", []string{"Content-Type: application/proto"}, 501, "unimplemented"},
			"an unimplemented method": {service + "EmptyCall", `{}`, []string{asJSON}, 501, "unimplemented"},
		} {
			resp, text := send(t, client, http.MethodPost, url+tt.path, tt.body, tt.headers...)
			var got struct{ Code, Message string }
			if err := json.Unmarshal([]byte(text), &got); err != nil && text != "" {
				t.Errorf("%s, %s: body %q: %v", tr.name, name, text, err)
			}
			if resp.StatusCode != tt.status || got.Code != tt.code {
				t.Errorf("%s, %s: %d %s", tr.name, name, resp.StatusCode, text)
			}
			if got := resp.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("%s, %s: content type %q", tr.name, name, got)
			}
		}
	}
}

func TestUnknownMethodsAreUnimplementedInEveryProtocol(t *testing.T) {
	t.Parallel()
	for _, method := range []string{service + "Nothing", "/some.other.Service/Get"} {
		eachWay(t, connect.StreamTypeUnary, func(t *testing.T, w way, client *http.Client, url string) {
			t.Helper()
			c := connect.NewClient[testpb.SimpleRequest, testpb.SimpleResponse](client, url+method, w.options()...)
			if _, err := c.CallUnary(short(t), connect.NewRequest(&testpb.SimpleRequest{})); connect.CodeOf(err) != connect.CodeUnimplemented {
				t.Errorf("%v: unary %s: %v", w, method, err)
			}
			stream, err := c.CallServerStream(short(t), connect.NewRequest(&testpb.SimpleRequest{}))
			if err == nil {
				stream.Receive()
				err = stream.Err()
				_ = stream.Close()
			}
			if connect.CodeOf(err) != connect.CodeUnimplemented {
				t.Errorf("%v: stream %s: %v", w, method, err)
			}
		})
	}
}

func TestRequestsThatCannotBeServedGetAnHTTPStatus(t *testing.T) {
	t.Parallel()
	url, client := serve(t, transports()[0], front.Config{})
	for name, tt := range map[string]struct {
		method, path string
		headers      []string
		status       int
		header       string
	}{
		"no content type":           {http.MethodPost, unaryCall, nil, 415, "Accept-Post"},
		"a form":                    {http.MethodPost, unaryCall, []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "Accept-Post"},
		"gRPC-Web as text":          {http.MethodPost, unaryCall, []string{"Content-Type: application/grpc-web-text"}, 415, "Accept-Post"},
		"a codec of its own":        {http.MethodPost, unaryCall, []string{"Content-Type: application/connect+xml"}, 415, "Accept-Post"},
		"PUT":                       {http.MethodPut, unaryCall, []string{"Content-Type: application/json"}, 405, "Allow"},
		"GET of what changes":       {http.MethodGet, unaryCall + "?connect=v1&encoding=json&message={}", nil, 405, "Allow"},
		"OPTIONS without origins":   {http.MethodOptions, unaryCall, []string{"Origin: http://localhost:5173"}, 405, "Allow"},
		"gRPC over HTTP/1.1":        {http.MethodPost, unaryCall, []string{"Content-Type: application/grpc"}, 505, ""},
		"both ways over HTTP/1.1":   {http.MethodPost, bidiCall, []string{"Content-Type: application/connect+proto"}, 505, ""},
		"a unary call as stream":    {http.MethodPost, unaryCall, []string{"Content-Type: application/connect+json"}, 415, ""},
		"no call":                   {http.MethodPost, "/oauth2/token", []string{"Content-Type: application/json"}, 404, ""},
		"no call, with a dot":       {http.MethodGet, "/.well-known/openid-configuration", nil, 404, ""},
		"no call, of a dotted name": {http.MethodGet, "/some.other.Service/Get", nil, 404, ""},
	} {
		resp, text := send(t, client, tt.method, url+tt.path, "", tt.headers...)
		if resp.StatusCode != tt.status || tt.header != "" && resp.Header.Get(tt.header) == "" {
			t.Errorf("%s: %d %v %s", name, resp.StatusCode, resp.Header, text)
		}
	}
}

// Reflection asks for what no path of the front tells, by a stream in both directions.
func TestReflectionWorksInEveryProtocol(t *testing.T) {
	t.Parallel()
	eachWay(t, connect.StreamTypeBidi, func(t *testing.T, w way, client *http.Client, url string) {
		t.Helper()
		c := connect.NewClient[reflectionpb.ServerReflectionRequest, reflectionpb.ServerReflectionResponse](
			client, url+"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", w.options()...)
		stream := c.CallBidiStream(short(t))
		err := stream.Send(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
		})
		if err != nil {
			t.Errorf("%v: %v", w, err)
		}
		got, err := stream.Receive()
		if n := len(got.GetListServicesResponse().GetService()); err != nil || n != 3 {
			t.Errorf("%v: %d services, %v", w, n, err)
		}
		_ = stream.CloseRequest()
		_ = stream.CloseResponse()
	})
}
