package httprule

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// Whatever a template and a value are: what is made of them is a path, in which the value
// is found again, and nothing besides.
func FuzzTemplate(f *testing.F) {
	for _, template := range []string{
		"/v1/{a}", "/v1/{a=shelves/*/books/*}:close", "/{a=**}", "/v1/{a.b}/x:y", "/", "", "/v1/*", "/{", "/{=}", "/a:b/c", "/{a}b", "/%2F/{a}",
	} {
		for _, value := range []string{"", "a b", "shelves/1/books/2", "..", "a/../b", "ü?#%2F:", "\xff"} {
			f.Add(template, value)
		}
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		parsed, err := parse(text)
		if err != nil {
			return
		}
		path, want := "", ""
		for _, s := range parsed.segments {
			part := s.literal
			if s.field != nil {
				if part, err = s.expand(value); err != nil {
					return
				}
				if back, err := url.PathUnescape(part); err != nil || back != value {
					t.Fatalf("%q of %q reads as %q, %v", part, value, back, err)
				}
			}
			path += "/" + part
			want += "/" + part
		}
		u, err := url.Parse("https://gateway.test/base" + path + parsed.verb)
		if err != nil || u.Host != "gateway.test" || u.RawQuery != "" || u.Fragment != "" || u.EscapedPath() != "/base"+want+parsed.verb {
			t.Fatalf("template %q with %q makes %q: %v", text, value, path, err)
		}
		if clean := u.JoinPath().EscapedPath(); len(parsed.segments) > 0 && strings.Count(clean, "/") != strings.Count(u.EscapedPath(), "/") {
			t.Fatalf("template %q with %q makes %q, which a server reads as %q", text, value, path, clean)
		}
	})
}

// Whatever an answer is: it is an error of a known code with a message that can be shown.
func FuzzRefusal(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"code":5,"message":"x","details":[{"@type":"a/b"}]}`, `{"error":{"status":"NOT_FOUND"}}`, `{"error":[]}`, `<html>`, "\x1b[0m", `{"code":1e9}`,
		`{"message":5,"code":"5"}`, `{"details":[null,{},[],{"@type":"type.googleapis.com/google.protobuf.Any","value":{}}]}`, "null", "",
	} {
		f.Add(400, body, "")
		f.Add(302, body, "https://x.test/%zz?y")
	}
	f.Fuzz(func(t *testing.T, code int, body, location string) {
		err := statusOf(answer{&http.Response{StatusCode: code, Header: http.Header{"Location": {location}}}, []byte(body), "q=canary"})
		st, ok := status.FromError(err)
		if !ok || st.Code() == codes.OK || st.Code() > codes.Unauthenticated || st.Message() == "" || strings.ContainsRune(st.Message(), '\x1b') {
			t.Fatalf("%v", err)
		}
		whole := answer{&http.Response{}, []byte(body + "?q=canary"), "q=canary"}
		if strings.Contains(whole.quote(maxPage), "q=canary") {
			t.Fatal("the query shows")
		}
		_ = st.Details()
	})
}

// Whatever an answer with status 200 is: it is read whole, or it is an error that can be
// shown, and nothing of it is kept.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"fields":{"a":{"stringValue":"x"}}}`, `{"a":1,"a":2}`, `{"a":[[[[{}]]]]}`, `null`, `[]`, `"x"`, `1e999`, `<html>`, "\x1b[2J", ``, `{"a":"\ud800"}`, `{"`, "\xff",
	} {
		f.Add(body, "application/json", "")
		f.Add(body, "text/html", "fields")
	}
	f.Fuzz(func(t *testing.T, body, contentType, response string) {
		got := answer{&http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}}, []byte(body), "q=canary"}
		b := binding{verb: http.MethodGet, response: response}
		for _, strict := range []bool{false, true} {
			out := &structpb.Struct{}
			err := b.decode(got, out, strict)
			if err != nil && (len(out.GetFields()) > 0 || !utf8.ValidString(err.Error()) || strings.ContainsRune(err.Error(), '\x1b')) {
				t.Fatalf("%q with %v", err, out)
			}
			if _, ok := err.(codedError); err != nil && !ok { //nolint:errorlint // only the outermost is one
				t.Fatalf("%v has no code", err)
			}
		}
	})
}
