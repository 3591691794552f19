package httprule_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/jetway-go/jetway/interceptors/httprule"
	"github.com/jetway-go/jetway/internal/secrettest"
)

func TestARefusalIsItsGRPCStatus(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	const page = "<html><title>502 Bad Gateway</title></html>"
	for name, tt := range map[string]struct {
		http    int
		body    string
		header  []string
		want    codes.Code
		message string // the whole, or a part after "…"
	}{
		"status":                  {404, `{"code":5,"message":"no such run","details":[]}`, nil, codes.NotFound, "no such run"},
		"code before HTTP":        {409, `{"code":6,"message":"it exists"}`, nil, codes.AlreadyExists, "it exists"},
		"extra field":             {403, `{"code":7,"message":"RBAC: denied","reason":"x"}`, nil, codes.PermissionDenied, "RBAC: denied"},
		"details of another kind": {404, `{"code":6,"message":"it exists","details":"text"}`, nil, codes.AlreadyExists, "it exists"},
		"Google's details":        {404, `{"error":{"code":6,"message":"it exists","details":{"a":1}}}`, nil, codes.AlreadyExists, "it exists"},
		"link to a login": {401, `<a href="https://dex.test/auth?state=canary&x=canary">log in</a>`, nil, codes.Unauthenticated,
			`…<a href="https://dex.test/auth?…">log in</a>`},
		"path of a login":         {401, "go to /dex/auth?code=canary now", nil, codes.Unauthenticated, "…go to /dex/auth?… now"},
		"wrong verb":              {501, `{"code":12,"message":"Method Not Allowed"}`, nil, codes.Unimplemented, "Method Not Allowed"},
		"raw text as a challenge": {401, `{"code":16,"message":"no user"}`, []string{"WWW-Authenticate", "no \"user, =at all"}, codes.Unauthenticated, "no user"},
		"older gateway":           {400, `{"error":"bad","code":3}`, nil, codes.InvalidArgument, "bad"},
		"Google's":                {404, `{"error":{"code":404,"message":"gone","status":"NOT_FOUND"}}`, nil, codes.NotFound, "gone"},
		"HTTP code in JSON":       {429, `{"code":429,"message":"slow down"}`, nil, codes.ResourceExhausted, "slow down"},
		"code without message":    {500, `{"code":13}`, nil, codes.Internal, "…HTTP 500"},
		"oauth2-proxy":            {401, `{}`, nil, codes.Unauthenticated, "…HTTP 401 Unauthorized without a gRPC status"},
		"code 0":                  {503, `{"code":0}`, nil, codes.Unavailable, "…HTTP 503"},
		"page":                    {502, page, []string{"Content-Type", "text/html"}, codes.Unavailable, "…web page: " + page},
		"text":                    {500, "upstream\x1b[2J broke", nil, codes.Internal, "…upstream [2J broke"},
		"JSON of another kind":    {403, `["no"]`, nil, codes.PermissionDenied, `…["no"]`},
		"login":                   {302, "", []string{"Location", "https://dex.test/auth?state=canary"}, codes.Unauthenticated, "…dex.test"},
		"moved":                   {301, "", []string{"Location", "https://new.test/"}, codes.Unknown, "…new.test"},
		"bare 400":                {400, "", nil, codes.InvalidArgument, "…400"},
		"bare 403":                {403, "", nil, codes.PermissionDenied, "…403"},
		"bare 404":                {404, "", nil, codes.NotFound, "…404 Not Found without a gRPC status; is the base"},
		"bare 405":                {405, "", nil, codes.Unimplemented, "…405"},
		"bare 407":                {407, "", nil, codes.Unauthenticated, "…407"},
		"bare 408":                {408, "", nil, codes.DeadlineExceeded, "…408"},
		"bare 409":                {409, "", nil, codes.Aborted, "…409"},
		"bare 412":                {412, "", nil, codes.FailedPrecondition, "…412"},
		"bare 413":                {413, "", nil, codes.ResourceExhausted, "…413"},
		"bare 416":                {416, "", nil, codes.OutOfRange, "…416"},
		"bare 424":                {424, "", nil, codes.Unknown, "…424"},
		"bare 499":                {499, "", nil, codes.Canceled, "…HTTP 499 without"},
		"bare 501":                {501, "", nil, codes.Unimplemented, "…501"},
		"bare 504":                {504, "", nil, codes.DeadlineExceeded, "…504"},
	} {
		cc := httprule.New(answering(tt.http, tt.body, tt.header...), base, httprule.WithResolver(files))
		st := status.Convert(cc.Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, "")))
		part, isPart := strings.CutPrefix(tt.message, "…")
		if st.Code() != tt.want || !isPart && st.Message() != tt.message || !strings.Contains(st.Message(), part) {
			t.Errorf("%s: %v %q, want %v %q", name, st.Code(), st.Message(), tt.want, tt.message)
		}
		if strings.Contains(st.Message(), "canary") {
			t.Errorf("%s: %q", name, st.Message())
		}
	}
}

func TestDetailsOfAStatusAreKept(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	cc := httprule.New(answering(400, `{"code":3,"message":"bad","details":[
		{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"R","newer":1},
		{"@type":"type.googleapis.com/no.such.Type","why":"w"},
		"text"]}`), base, httprule.WithResolver(files))
	st := status.Convert(cc.Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, "")))
	details := st.Details()
	if st.Message() != "bad" || len(details) != 2 {
		t.Fatalf("%q with %v", st.Message(), details)
	}
	if info, ok := details[0].(*errdetails.ErrorInfo); !ok || info.GetReason() != "R" {
		t.Errorf("%T %v", details[0], details[0])
	}
	if kept, ok := details[1].(*structpb.Struct); !ok || kept.AsMap()["@type"] != "type.googleapis.com/no.such.Type" || kept.AsMap()["why"] != "w" {
		t.Errorf("%T %v", details[1], details[1])
	}
}

func TestANetworkErrorIsUnavailableAndALoginsErrorItsOwnCode(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	login := fmt.Errorf("login: %w", status.Error(codes.PermissionDenied, "no"))
	for _, tt := range []struct {
		cause error
		want  codes.Code
	}{{io.ErrUnexpectedEOF, codes.Unavailable}, {login, codes.PermissionDenied}} {
		cc := httprule.New(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, tt.cause })},
			base, httprule.WithResolver(files))
		err := cc.Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, ""))
		if own, ok := errors.AsType[*httprule.Error](err); !ok || own.Code != tt.want || status.Code(err) != tt.want || own.Method != call {
			t.Errorf("%v, want %v", err, tt.want)
		}
		if !errors.Is(err, tt.cause) {
			t.Errorf("%v does not wrap %v", err, tt.cause)
		}
	}
}

// A redirect could lead a call, and its metadata, to another server.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `post: "/v1" body: "*"`)
	hc := answering(302, "", "Location", base+"/elsewhere")
	calls := 0
	inner := hc.Transport
	hc.Transport = roundTripper(func(r *http.Request) (*http.Response, error) { calls++; return inner.RoundTrip(r) })
	err := httprule.New(hc, base, httprule.WithResolver(files)).Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, ""))
	if status.Code(err) != codes.Unauthenticated || calls != 1 || hc.CheckRedirect != nil {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestNoSecretOfAQueryIsShown(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	var seen secrettest.Sink
	for _, rt := range []roundTripper{
		func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("cannot reach %s", r.URL) },
		func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("login: %w", &url.Error{Op: "Get", URL: r.URL.String(), Err: status.Error(codes.Aborted, "x")})
		},
		func(r *http.Request) (*http.Response, error) {
			return answering(502, "<p>cannot reach "+r.URL.String()).Transport.RoundTrip(r)
		},
		func(r *http.Request) (*http.Response, error) {
			return answering(302, "", "Location", "https://dex.test/?"+r.URL.RawQuery, "Set-Cookie", "s=canary-cookie").Transport.RoundTrip(r)
		},
		func(r *http.Request) (*http.Response, error) {
			return answering(200, "<p>"+strings.Repeat(" "+r.URL.String(), 99)).Transport.RoundTrip(r)
		},
	} {
		err := httprule.New(&http.Client{Transport: rt}, base, httprule.WithResolver(files)).
			Invoke(t.Context(), call, newItem(t, item, `id: "canary-id"`), newItem(t, item, ""))
		seen.Dump(err)
	}
	seen.Hides(t, "canary-id", "canary-cookie")
	seen.Heard(t, "cannot reach", "dex.test", "web page")
}

func TestTheTimeoutOfTheClientIsDeadlineExceededInTheBodyToo(t *testing.T) {
	t.Parallel()
	files, item := withRule(t, `get: "/v1"`)
	for name, began := range map[string]bool{"no answer": false, "part of one": true} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if began {
				_, _ = io.WriteString(w, "{")
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}))
		hc := srv.Client()
		hc.Timeout = 200 * time.Millisecond
		cc := httprule.New(hc, srv.URL, httprule.WithResolver(files))
		if err := cc.Invoke(t.Context(), call, newItem(t, item, ""), newItem(t, item, "")); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("%s: %v (%v), want DeadlineExceeded", name, err, status.Code(err))
		}
		srv.Close()
	}
}
