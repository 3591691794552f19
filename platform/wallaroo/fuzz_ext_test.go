package wallaroo_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	neturl "net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jetway-go/jetway/platform/wallaroo"
)

// Whatever an instance answers, calls return what they promise or one typed error, whose
// text can be shown.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"workspaces":[{"id":1,"created_by":"x","models":[1]}]}`, `{"workspace_id":18}`, `{"id":14}`, `null`, `[]`, `{}`, ``, `<html>`,
		`{"status":"Running","details":[],"engines":[{"ip":"1","name":"e","status":"Pending","reason":null,"details":["x"]}]}`,
		`{"errors":[{"message":"m","extensions":{"code":"invalid-jwt"}}],"data":null}`, `[{"error":{"message":"x","code":1e400}}]`,
		`[{"time":1684254687000,"in":{"x":1},"out.y":[2],"check_failures":[],"anomaly":{"count":-1}}]`, `{"url":"https://127.0.0.1:8080/x"}`,
		`{"pipeline_pk_id":"9223372036854775808","pipeline_variant_pk_id":-1}`, `{"error":"eyJhbGciOi.eyJzdWIi.c2ln \u001b[31m"}`,
	} {
		for _, status := range []int{200, 302, 401, 404} {
			f.Add(status, "application/json", "/auth/realms/x", body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, kind, location, body string) {
		if status < 200 || status > 599 || status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests || status >= 502 {
			return // which are asked again after a while
		}
		api := answering(status, body, "Content-Type", kind, "Location", location)
		d := wallaroo.Deployment{ID: 1, PipelineID: 1, Pipeline: "p"}
		var data any
		_, e1 := api.Workspaces(t.Context())
		id, e2 := api.CreateWorkspace(t.Context(), "w")
		p, e3 := api.CreatePipeline(t.Context(), wallaroo.NewPipeline{Name: "p", WorkspaceID: 1})
		s, e4 := api.Status(t.Context(), d)
		to, e5 := api.ExternalURL(t.Context(), 1, "p")
		results, e6 := api.Infer(t.Context(), d, []wallaroo.Record{{"x": 1}})
		e7 := api.GraphQL(t.Context(), wallaroo.Query{}, &data)
		_, e8 := api.Config(t.Context())
		switch {
		case e2 == nil && id <= 0, e3 == nil && p.ID <= 0, e4 == nil && s.Status == "", e6 == nil && len(results) != 1:
			t.Errorf("%d %q: success without a result", status, body)
		case e5 == nil && !strings.HasPrefix(strings.ToLower(to), url):
			t.Errorf("%q is an address of another server", to)
		}
		for _, err := range []error{e1, e2, e3, e4, e5, e6, e7, e8, api.Undeploy(t.Context(), d)} {
			e, ok := errors.AsType[*wallaroo.APIError](err)
			switch {
			case err == nil:
				if status >= 300 {
					t.Errorf("status %d is success", status)
				}
			case !ok || e.Err == nil || e.Op == "":
				t.Errorf("%T %v, want an APIError", err, err)
			case !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\x1b\r\x00"):
				t.Errorf("%q cannot be shown", err.Error())
			case strings.Contains(e.Message, "eyJ") && len(e.Message) > 3:
				for word := range strings.FieldsSeq(e.Message) {
					if strings.HasPrefix(word, "eyJ") {
						t.Errorf("%q may be a token", e.Message)
					}
				}
			}
		}
	})
}

// Whatever an answer is, the rule gives its body back.
func FuzzRejected(f *testing.F) {
	f.Add(200, "Bearer eyJhbGciOi.eyJleHAiOjF9.c2ln", "", `{"errors":[{"extensions":{"code":"invalid-jwt"}}]}`)
	f.Add(403, "Bearer eyJhbGciOi.eyJleHAiOjF9.c2ln", "Mon, 30 Nov 2026 11:00:00 GMT", ``)
	f.Add(302, "", "x", `[`)
	f.Fuzz(func(t *testing.T, status int, authorization, date, body string) {
		sent := &http.Request{URL: &neturl.URL{Path: "/v1/graphql"}, Header: http.Header{"Authorization": {authorization}}}
		answer := &http.Response{
			StatusCode: status, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{"Content-Type": {"application/json"}, "Date": {date}, "Location": {date}},
		}
		got := wallaroo.Rejected(sent, answer)
		if back, err := io.ReadAll(answer.Body); err != nil || string(back) != body {
			t.Errorf("the body became %q, %v", back, err)
		}
		if got && status == http.StatusOK && !strings.Contains(fmt.Sprintf("%q", body), "jwt") && !strings.Contains(body, `\u`) {
			t.Errorf("%q is taken for a rejection", body)
		}
	})
}
