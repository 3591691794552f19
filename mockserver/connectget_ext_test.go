package mockserver_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// The answer to a query written by hand says what is wrong with it.
func TestConnectGETNamesTheMistakeInItsQuery(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront())
	c := caller{http1: true}
	const method = "/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata"
	for query, want := range map[string]struct {
		status int
		code   string
	}{
		"?connect=v1&encoding=json&message=%7B%7D":        {200, ""},
		"?encoding=json&message=%7B%7D":                   {200, ""},
		"?encoding=proto&message=":                        {200, ""},
		"?connect=v1&encoding=json&base64=1&message=e30":  {200, ""},
		"?connect=v1&encoding=json&base64=1&message=e30=": {200, ""},
		"": {400, "invalid_argument"},
		"?connect=v2&encoding=json&message=%7B%7D":                         {400, "invalid_argument"},
		"?connect=v1&encoding=xml&message=%7B%7D":                          {400, "invalid_argument"},
		"?connect=v1&encoding=json":                                        {400, "invalid_argument"},
		"?connect=v1&encoding=json&message=%zz":                            {400, "invalid_argument"},
		"?connect=v1&encoding=json&base64=1&message=***":                   {400, "invalid_argument"},
		"?connect=v1&encoding=json&base64=yes&message=e30":                 {400, "invalid_argument"},
		"?connect=v1&encoding=json&compression=gzip&base64=1&message=AAAA": {400, "invalid_argument"},
		"?connect=v1&encoding=json&compression=br&message=%7B%7D":          {501, "unimplemented"},
	} {
		r, err := http.NewRequestWithContext(short(t), http.MethodGet, base(s)+method+query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.client(t, s).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Code, Message string }
		err = json.NewDecoder(resp.Body).Decode(&got)
		_ = resp.Body.Close()
		if want.status == 200 && resp.Header.Get("Content-Type") == "application/proto" {
			err = nil
		}
		if err != nil || resp.StatusCode != want.status || got.Code != want.code || (got.Message == "") != (want.code == "") {
			t.Errorf("%s: %d %+v, %v", query, resp.StatusCode, got, err)
		}
	}
}
