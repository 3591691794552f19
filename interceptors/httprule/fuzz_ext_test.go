package httprule_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"google.golang.org/genproto/googleapis/api/annotations"

	"github.com/jetway-go/jetway/interceptors/httprule"
)

// Whatever a rule and a message are: the request goes to the gateway, below its base, and
// says JSON, or there is none and the error says why without showing the message.
func FuzzRequest(f *testing.F) {
	for _, rule := range []string{
		`get: "/v1/{id}"`, `get: "/{id=**}:x"`, `post: "/v1" body: "*"`, `post: "/v1/{book.name=a/*}" body: "book"`, `post: "/" body: "numbers"`,
		`custom { kind: "*" path: "/{number}" }`, `patch: "/v1" body: "file"`, `get: "/{any}"`,
	} {
		for _, text := range []string{
			`id: "a"`, `id: "../x" number: 5`, `book { name: "a/b" next {} } numbers { key: "[" value: 1 }`, `any { type_url: "x" }`, `tags: "canary" kinds: 77`,
			`data: "\xff" file { content_type: "a\nb" data: "x" }`, `made_at { seconds: -999999999999 }`, `value {}`,
		} {
			f.Add(rule, text)
		}
	}
	f.Fuzz(func(t *testing.T, ruleText, text string) {
		rule := &annotations.HttpRule{}
		files, desc := withRule(t, "")
		in := dynamicpb.NewMessage(desc)
		if prototext.Unmarshal([]byte(ruleText), rule) != nil || prototext.Unmarshal([]byte(text), in) != nil {
			return
		}
		before := proto.Clone(in)
		hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			path := r.URL.EscapedPath()
			if r.URL.Host != "gateway.test" || r.URL.Scheme != "https" || !strings.HasPrefix(path, "/base/") || r.URL.Fragment != "" ||
				!strings.HasPrefix(r.URL.JoinPath().EscapedPath(), "/base/") {
				t.Errorf("sent to %s", r.URL)
			}
			if r.Body != nil && r.Header.Get("Content-Type") == "application/json" && rule.GetBody() != "file" {
				if raw, err := io.ReadAll(r.Body); err != nil || len(raw) > 0 && !json.Valid(raw) {
					t.Errorf("the body is %q, %v", raw, err)
				}
			}
			return answering(200, "{}").Transport.RoundTrip(r)
		})}
		cc := httprule.New(hc, "https://gateway.test/base", httprule.WithResolver(files), httprule.WithRule(call, rule))
		err := cc.Invoke(t.Context(), call, in, dynamicpb.NewMessage(desc))
		switch status.Code(err) {
		case codes.OK, codes.InvalidArgument, codes.Internal, codes.Unknown:
		default:
			t.Errorf("%v", err)
		}
		if !proto.Equal(in, before) {
			t.Errorf("the message became %v", in)
		}
		if err != nil && strings.Contains(text, "canary") && strings.Contains(err.Error(), "canary") && !strings.Contains(ruleText, "canary") {
			t.Errorf("%v", err)
		}
	})
}
