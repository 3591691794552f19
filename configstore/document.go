package configstore

import (
	"encoding/json"
	"errors"
	"strings"
)

// parseDocument reads an authorization server metadata document (RFC 8414 §2). It
// requires an issuer; ClientConfig.check checks the other values.
func parseDocument(body []byte) (ClientConfig, error) {
	var doc document
	if err := json.Unmarshal(body, &doc); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			return ClientConfig{}, invalid("the answer is not a JSON document (byte %d)", syntax.Offset)
		}
		return ClientConfig{}, invalid("the answer is JSON but not an object; an authorization server metadata document is needed")
	}
	var c ClientConfig
	for _, f := range []struct {
		name string
		to   any
	}{
		{"issuer", &c.Issuer},
		{"token_endpoint", &c.TokenEndpoint},
		{"authorization_endpoint", &c.AuthorizationEndpoint},
		{"device_authorization_endpoint", &c.DeviceAuthorizationEndpoint},
		{"revocation_endpoint", &c.RevocationEndpoint},
		{"token_endpoint_auth_methods_supported", &c.AuthMethods},
		{"authorization_response_iss_parameter_supported", &c.IssRequired},
	} {
		if err := doc.get(f.name, f.to); err != nil {
			return ClientConfig{}, err
		}
	}
	if c.Issuer == "" {
		return ClientConfig{}, invalid("the answer is JSON but names no issuer; an authorization server metadata document is needed")
	}
	return c, nil
}

type document map[string]json.RawMessage

// get reads one field under its standard name or, as Flyte writes it, in
// camelCase. The standard name wins.
func (d document) get(name string, to any) error {
	raw, ok := d[name]
	if !ok {
		if raw, ok = d[camelCase(name)]; !ok {
			return nil
		}
	}
	if json.Unmarshal(raw, to) == nil {
		return nil
	}
	want := "text"
	switch to.(type) {
	case *[]string:
		want = "a list of texts"
	case *bool:
		want = "true or false"
	}
	return invalid("%s in the document has the wrong type; %s is needed", name, want)
}

func camelCase(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, "")
}
