package configstore

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/internal/endpoint"
)

const snakeCase = `{"issuer":"https://idp.example","token_endpoint":"https://idp.example/token",
	"authorization_endpoint":"https://idp.example/authorize","device_authorization_endpoint":"https://idp.example/device",
	"revocation_endpoint":"https://idp.example/revoke","token_endpoint_auth_methods_supported":["client_secret_basic"],
	"authorization_response_iss_parameter_supported":true,"scopes_supported":["everything"],"new_field":{"x":[1]}}`

func TestParseDocumentKeyStyles(t *testing.T) {
	t.Parallel()
	want := ClientConfig{
		Issuer: "https://idp.example", TokenEndpoint: "https://idp.example/token",
		AuthorizationEndpoint: "https://idp.example/authorize", DeviceAuthorizationEndpoint: "https://idp.example/device",
		RevocationEndpoint: "https://idp.example/revoke", AuthMethods: []string{"client_secret_basic"}, IssRequired: true,
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(snakeCase), &fields); err != nil {
		t.Fatal(err)
	}
	camel := map[string]json.RawMessage{}
	for k, v := range fields {
		camel[camelCase(k)] = v
	}
	if _, ok := camel["tokenEndpointAuthMethodsSupported"]; !ok {
		t.Fatalf("camelCase made the keys %v", camel)
	}
	camelDoc, err := json.Marshal(camel)
	if err != nil {
		t.Fatal(err)
	}
	for name, doc := range map[string]string{
		"snake_case":          snakeCase,
		"camelCase":           string(camelDoc),
		"the standard wins":   strings.Replace(snakeCase, "{", `{"tokenEndpoint":"https://other.example",`, 1),
		"null is not set":     strings.Replace(snakeCase, "{", `{"jwksUri":null,"redirect_uri":null,`, 1),
		"white space around":  "\n " + snakeCase + "\r\n",
		"case is not guessed": strings.Replace(snakeCase, "{", `{"TOKEN_ENDPOINT":"https://other.example",`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseDocument([]byte(doc))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseDocumentRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ doc, want string }{
		"nothing":         {``, "not a JSON document"},
		"cut off":         {`{"issuer":"https://idp.example"`, "not a JSON document"},
		"two documents":   {`{"issuer":"a"}{}`, "not a JSON document"},
		"a list":          {`[]`, "not an object"},
		"null":            {`null`, "names no issuer"},
		"an error":        {`{"error":"not_found"}`, "names no issuer"},
		"issuer number":   {`{"issuer":7}`, "issuer in the document has the wrong type; text is needed"},
		"methods text":    {`{"issuer":"a","token_endpoint_auth_methods_supported":"x"}`, "a list of texts is needed"},
		"iss text":        {`{"issuer":"a","authorization_response_iss_parameter_supported":"yes"}`, "true or false is needed"},
		"endpoint object": {`{"issuer":"a","tokenEndpoint":{"secret":"hunter2"}}`, "token_endpoint in the document has the wrong type"},
		"deep":            {strings.Repeat(`{"a":`, 20_000), "not a JSON document"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseDocument([]byte(c.doc))
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, %v; want ErrInvalid saying %q", got, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v quotes the document", err)
			}
		})
	}
}

// Whatever a server writes, nothing panics and only https and loopback
// endpoints come out.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(snakeCase))
	f.Add([]byte(`{"issuer":"a","tokenEndpoint":"http://localhost:80/token"}`))
	f.Add([]byte(`{"issuer":"a","token_endpoint":"http://127.0.0.1.evil.example/"}`))
	f.Add([]byte(`{"issuer":"a","token_endpoint":"https://user:pw@h/"}`))
	f.Add([]byte(`{"issuer":"a","token_endpoint":"//h/\u202e"}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := parseDocument(body)
		if err == nil {
			err = c.check()
		}
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%v is not ErrInvalid", err)
			}
			return
		}
		for _, e := range []string{c.TokenEndpoint, c.AuthorizationEndpoint, c.DeviceAuthorizationEndpoint, c.RevocationEndpoint} {
			if e == "" {
				continue
			}
			u, err := url.Parse(e)
			if err != nil {
				t.Fatalf("endpoint %q: %v", e, err)
			}
			local := u.Scheme == "http" && endpoint.IsLoopback(u.Hostname())
			if u.Scheme != "https" && !local || u.Host == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(e, "\r\n\x00 ") {
				t.Errorf("endpoint %q came out", e)
			}
		}
	})
}
