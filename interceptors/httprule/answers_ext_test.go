package httprule_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/jetway-go/jetway/interceptors/httprule"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering is a client whose server always answers the same.
func answering(code int, body string, header ...string) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.WriteString(body)
		got := w.Result()
		got.Request = r
		return got, nil
	})}
}

const base = "https://gateway.test"

func TestAnswersAreReadByTheRule(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule, body, want string
		code             int
	}{
		"proto names":          {`get: "/v1"`, `{"number":"9007199254740993","kind":"ATLAS","made_at":"1970-01-01T00:00:01.000005Z"}`, `number: 9007199254740993 kind: ATLAS made_at { seconds: 1 nanos: 5000 }`, 200},
		"JSON names":           {`get: "/v1"`, `{"madeAt":"1970-01-01T00:00:01Z","kind":2,"number":7}`, `number: 7 kind: ATLAS made_at { seconds: 1 }`, 200},
		"unknown fields":       {`get: "/v1"`, `{"new":{"a":[1]},"id":"a","kind":"NEWER"}`, `id: "a"`, 200},
		"created":              {`get: "/v1"`, `{"id":"a"}`, `id: "a"`, 201},
		"no content":           {`get: "/v1"`, ``, ``, 204},
		"response body":        {`get: "/v1" response_body: "book"`, `{"name":"n"}`, `book { name: "n" }`, 200},
		"response body list":   {`get: "/v1" response_body: "books"`, `[{"name":"n"},{}]`, `books { name: "n" } books {}`, 200},
		"response body number": {`get: "/v1" response_body: "number"`, `"7"`, `number: 7`, 200},
		"response body enum":   {`get: "/v1" response_body: "kind"`, `"ATLAS"`, `kind: ATLAS`, 200},
		"response body bare":   {`get: "/v1" response_body: "number"`, `-9007199254740993`, `number: -9007199254740993`, 200},
		"response body null":   {`get: "/v1" response_body: "book"`, `null`, ``, 200},
		"response body bytes":  {`get: "/v1" response_body: "data"`, `"+//+IQ=="`, `data: "\xfb\xff\xfe!"`, 200},
		"response of no bytes": {`get: "/v1" response_body: "data"`, `[]`, ``, 200},
		"response as it is":    {`get: "/v1" response_body: "file"`, `<p>`, `file { content_type: "text/html" data: "<p>" }`, 200},
		"HEAD":                 {`custom { kind: "HEAD" path: "/v1" }`, ``, ``, 200},
	} {
		files, item := withRule(t, tt.rule)
		var header []string
		if name == "response as it is" {
			header = []string{"Content-Type", "text/html"}
		}
		got := newItem(t, item, `id: "of an earlier call"`)
		cc := httprule.New(answering(tt.code, tt.body, header...), base, httprule.WithResolver(files))
		if err := cc.Invoke(t.Context(), call, newItem(t, item, ""), got); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if want := newItem(t, item, tt.want); !proto.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule, body, contentType, says string
		want                          codes.Code
		opts                          []httprule.Option
	}{
		"page":                 {`get: "/v1"`, `<!DOCTYPE html><title>Sign in</title>`, "text/html; charset=utf-8", "web page", codes.Unknown, nil},
		"page without type":    {`get: "/v1"`, ` <html>`, "", "web page", codes.Unknown, nil},
		"empty":                {`get: "/v1"`, ``, "", "empty", codes.Unknown, nil},
		"text":                 {`get: "/v1"`, `hello`, "text/plain", "library.Item", codes.Unknown, nil},
		"list":                 {`get: "/v1"`, `[]`, "", "library.Item", codes.Unknown, nil},
		"two fields in a body": {`get: "/v1" response_body: "number"`, `1,"id":"x"`, "", "not JSON", codes.Unknown, nil},
		"unknown response":     {`get: "/v1" response_body: "nothing"`, `{}`, "", "response_body", codes.Internal, nil},
		"half of a message":    {`get: "/v1"`, `{"id":"a","number":"x"}`, "", "number", codes.Unknown, nil},
		"strict":               {`get: "/v1"`, `{"newer":1}`, "", "newer", codes.Unknown, []httprule.Option{httprule.WithStrict()}},
		"too large":            {`get: "/v1"`, `{"id":"12345678"}`, "", "16 bytes", codes.ResourceExhausted, []httprule.Option{httprule.WithMaxAnswer(16)}},
	} {
		files, item := withRule(t, tt.rule)
		cc := httprule.New(answering(200, tt.body, "Content-Type", tt.contentType), base, append(tt.opts, httprule.WithResolver(files))...)
		got := newItem(t, item, "")
		err := cc.Invoke(t.Context(), call, newItem(t, item, ""), got)
		if status.Code(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %v that says %q", name, err, tt.want, tt.says)
		}
		if !proto.Equal(got, newItem(t, item, "")) {
			t.Errorf("%s: part of the answer was kept: %v", name, got)
		}
	}
}

func TestMetadataIsHeaders(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-user", "ada", "x-user", "b", "authorization", "Bearer t", "cookie", "s=1", "k-bin", "\x00\xff",
		"content-length", "9", "grpc-timeout", "9S", "host", "elsewhere.test")
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	for name, tt := range map[string]struct {
		opts []httprule.Option
		want string // X-User with the prefix, K-Bin and Host with it, X-User as it is
	}{
		"gateway": {nil, "ada,b|AP8||"},
		"plain":   {[]httprule.Option{httprule.WithHeaderName(func(key string) string { return key })}, "|||ada,b"},
	} {
		url, last := recorder(t)
		cc := httprule.New(nil, url, append(tt.opts, httprule.WithResolver(files))...)
		if err := cc.Invoke(ctx, call, newItem(t, item, ""), newItem(t, item, "")); err != nil {
			t.Fatal(err)
		}
		h := last.header
		got := strings.Join([]string{
			strings.Join(h["Grpc-Metadata-X-User"], ","), h.Get("Grpc-Metadata-K-Bin"), h.Get("Grpc-Metadata-Host"),
			strings.Join(h["X-User"], ","),
		}, "|")
		if got != tt.want || h.Get("Authorization") != "Bearer t" || h.Get("Cookie") != "s=1" {
			t.Errorf("%s: %s %v", name, got, h)
		}
		if timeout := h["Grpc-Timeout"]; len(timeout) != 1 || !strings.HasSuffix(timeout[0], "m") || timeout[0] < "3590000m" {
			t.Errorf("%s: Grpc-Timeout %q", name, timeout)
		}
	}
	bad := metadata.AppendToOutgoingContext(t.Context(), "x-user", "canary\n")
	err := httprule.New(answering(200, "{}"), base, httprule.WithResolver(files)).Invoke(bad, call, newItem(t, item, ""), newItem(t, item, ""))
	if status.Code(err) != codes.InvalidArgument || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
}

func TestHeadersOfAnAnswerAreMetadata(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	for _, code := range []int{200, 503} {
		var header, trailer metadata.MD
		var finished []error
		cc := httprule.New(answering(code, "{}", "Grpc-Metadata-X-Run", "7", "X-Request-Id", "r", "Set-Cookie", "canary=1",
			"Grpc-Metadata-K-Bin", "AP8", "Grpc-Trailer-Cost", "9"), base, httprule.WithResolver(files))
		err := cc.Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, ""), grpc.Header(&header), grpc.Trailer(&trailer),
			grpc.OnFinish(func(err error) { finished = append(finished, err) }))
		if len(header["x-run"]) != 1 || header["x-request-id"][0] != "r" || header["k-bin"][0] != "\x00\xff" || len(header["set-cookie"]) > 0 {
			t.Errorf("%d: header %v", code, header)
		}
		if len(trailer["cost"]) != 1 || len(header["grpc-trailer-cost"]) > 0 {
			t.Errorf("%d: trailer %v", code, trailer)
		}
		if len(finished) != 1 || !errors.Is(finished[0], err) {
			t.Errorf("%d: OnFinish got %v, want %v", code, finished, err)
		}
	}
}

func TestTheContextEndsACall(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	synctest.Test(t, func(t *testing.T) {
		hangs := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		stalls := roundTripper(func(r *http.Request) (*http.Response, error) {
			body, w := io.Pipe()
			go func() { <-r.Context().Done(); _ = w.CloseWithError(r.Context().Err()) }()
			return &http.Response{StatusCode: http.StatusOK, Body: body, Request: r}, nil
		})
		for _, rt := range []http.RoundTripper{hangs, stalls} {
			cc := httprule.New(&http.Client{Transport: rt}, base, httprule.WithResolver(files))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			err := cc.Invoke(ctx, call, newItem(t, item, ""), newItem(t, item, ""))
			if status.Code(err) != codes.DeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			if err := cc.Invoke(ctx, call, newItem(t, item, ""), newItem(t, item, "")); status.Code(err) != codes.Canceled {
				t.Error(err)
			}
		}
		limited := httprule.New(&http.Client{Transport: hangs, Timeout: time.Second}, base, httprule.WithResolver(files))
		if err := limited.Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, "")); status.Code(err) != codes.DeadlineExceeded {
			t.Error(err)
		}
	})
}

func TestWhatHTTPCannotCarryIsRefused(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	cc := httprule.New(answering(200, "{}"), base, httprule.WithResolver(files))
	if _, err := cc.NewStream(t.Context(), &grpc.StreamDesc{}, "/library.Library/Watch"); status.Code(err) != codes.Unimplemented {
		t.Error(err)
	}
	for method, want := range map[string]codes.Code{
		"/library.Library/Watch": codes.Unimplemented, "/library.Library/Other": codes.Unimplemented,
		"/other.Service/Call": codes.Unimplemented, "call": codes.Internal,
	} {
		if err := cc.Invoke(t.Context(), method, newItem(t, item, ""), newItem(t, item, "")); status.Code(err) != want {
			t.Errorf("%s: %v", method, err)
		}
	}
	if err := cc.Invoke(t.Context(), call, newItem(t, item, ""), "text"); status.Code(err) != codes.Internal {
		t.Error(err)
	}
	if err := cc.Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, ""), grpc.PerRPCCredentials(nil)); status.Code(err) != codes.Unimplemented {
		t.Error(err)
	}
	for _, wrong := range []string{"", "gateway.test", "grpc://gateway.test", "https://", "https://ada:canary@gateway.test", base + "?canary", "https://canary\n"} {
		err := httprule.New(nil, wrong, httprule.WithResolver(files)).Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, ""))
		if status.Code(err) != codes.InvalidArgument || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
