package configstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// byteOrderMark is what some editors write in front of UTF-8 text. RFC 8259 §8.1 lets a
// parser ignore it.
const byteOrderMark = "\xef\xbb\xbf"

// parseDocument reads an authorization server metadata document (RFC 8414 §2). It
// requires an issuer; fields of a wrong type make the error a [*flawedError], with the
// others. ClientConfig.flaws checks the values.
func parseDocument(body []byte) (ClientConfig, error) {
	var doc document
	body = bytes.TrimPrefix(body, []byte(byteOrderMark))
	if err := json.Unmarshal(body, &doc); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			return ClientConfig{}, invalid("the answer is not a JSON document (byte %d)", syntax.Offset)
		}
		return ClientConfig{}, invalid("the answer is JSON but not an object; an authorization server metadata document is needed")
	}
	var c ClientConfig
	var wrong []flaw
	for _, f := range []struct {
		name Field
		to   any
	}{
		{fieldIssuer, &c.Issuer},
		{FieldTokenEndpoint, &c.TokenEndpoint},
		{FieldAuthorizationEndpoint, &c.AuthorizationEndpoint},
		{FieldDeviceAuthorizationEndpoint, &c.DeviceAuthorizationEndpoint},
		{FieldRevocationEndpoint, &c.RevocationEndpoint},
		{fieldAuthMethods, &c.AuthMethods},
		{fieldIssRequired, &c.IssRequired},
	} {
		if err := doc.get(string(f.name), f.to); err != nil {
			wrong = append(wrong, flaw{f.name, err})
		}
	}
	c = c.without(wrong)
	switch {
	case len(wrong) > 0 && (wrong[0].field == fieldIssuer || c.Issuer != ""):
		return ClientConfig{}, &flawedError{wrong[0].err, c, wrong}
	case c.Issuer == "":
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
