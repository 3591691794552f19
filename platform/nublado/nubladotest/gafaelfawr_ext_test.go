package nubladotest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

func TestATokenIsCreatedForAllowedRequestsOnly(t *testing.T) {
	t.Parallel()
	const good = `{"username": "bot-a", "token_type": "service", "scopes": ["exec:notebook"], "expires": null}`
	for name, test := range map[string]struct {
		path, scheme, scope, body string
		status                    int
		kind                      string
	}{
		"good":            {"/auth/api/v1/tokens", "Bearer", "admin:token", good, 201, ""},
		"path":            {"/auth/api/v1/token", "Bearer", "admin:token", good, 404, "not_found"},
		"no token":        {"/auth/api/v1/tokens", "", "admin:token", good, 401, "no_authorization"},
		"scheme":          {"/auth/api/v1/tokens", "bearer", "admin:token", good, 401, "invalid_token"},
		"scope":           {"/auth/api/v1/tokens", "Bearer", "user:token", good, 403, "permission_denied"},
		"unknown field":   {"/auth/api/v1/tokens", "Bearer", "admin:token", `{"user": "x"}`, 422, "json_invalid"},
		"no type":         {"/auth/api/v1/tokens", "Bearer", "admin:token", `{"username": "bot-a"}`, 422, "enum"},
		"not a bot":       {"/auth/api/v1/tokens", "Bearer", "admin:token", strings.Replace(good, "bot-a", "ada", 1), 403, "permission_denied"},
		"name of service": {"/auth/api/v1/tokens", "Bearer", "admin:token", strings.Replace(good, "{", `{"token_name": "x", `, 1), 422, "value_error"},
		"past":            {"/auth/api/v1/tokens", "Bearer", "admin:token", strings.Replace(good, "null", `"2001-01-01T00:00:00Z"`, 1), 422, "invalid_expires"},
		"unknown scope":   {"/auth/api/v1/tokens", "Bearer", "admin:token", strings.Replace(good, "exec:", "run:", 1), 422, "invalid_scopes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nubladotest.NewGafaelfawr(nil)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://g"+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if test.scheme != "" {
				r.Header.Set("Authorization", test.scheme+" "+s.IssueToken("root", 0, test.scope))
			}
			resp, err := peertest.HTTPClient(map[string]http.Handler{"g": s}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != test.status || !strings.Contains(string(body), test.kind) {
				t.Errorf("%d %s, want %d %s", resp.StatusCode, body, test.status, test.kind)
			}
			var made struct{ Token string }
			if err := json.Unmarshal(body, &made); err != nil || strings.HasPrefix(made.Token, "gt-") != (test.status == 201) {
				t.Errorf("answer %s", body)
			}
		})
	}
}
