package configstore

import (
	"context"
	"slices"
	"strings"
)

// Field is a field of a [ClientConfig] that a login may not be able to do without.
type Field string

// The fields that flows need, by their names in RFC 8414 and RFC 6749.
const (
	FieldTokenEndpoint               Field = "token_endpoint"
	FieldAuthorizationEndpoint       Field = "authorization_endpoint"
	FieldDeviceAuthorizationEndpoint Field = "device_authorization_endpoint"
	FieldRevocationEndpoint          Field = "revocation_endpoint"
	FieldClientID                    Field = "client_id"
)

// Ask returns the configuration of s for a login that cannot be made without the fields
// in need. If s is an [Overlay], with or without [AllowPlaintext], that sets all of them, no other store and no server is
// asked, and the fields that it does not set stay empty; otherwise Ask returns what
// s.ClientConfig returns. A needed field can be empty in the answer: the caller says so,
// since it knows what the field is for.
func Ask(ctx context.Context, s ClientConfigStore, need ...Field) (ClientConfig, error) {
	switch s := s.(type) {
	case *overlay:
		return s.ask(ctx, need)
	case *plaintextAllowed:
		return Ask(s.allow(ctx), s.store, need...)
	default:
		return s.ClientConfig(ctx)
	}
}

// has reports whether c sets f.
func (c ClientConfig) has(f Field) bool {
	switch f {
	case FieldTokenEndpoint:
		return c.TokenEndpoint != ""
	case FieldAuthorizationEndpoint:
		return c.AuthorizationEndpoint != ""
	case FieldDeviceAuthorizationEndpoint:
		return c.DeviceAuthorizationEndpoint != ""
	case FieldRevocationEndpoint:
		return c.RevocationEndpoint != ""
	case FieldClientID:
		return c.ClientID != ""
	case fieldIssuer:
		return c.Issuer != ""
	case fieldAudience:
		return c.Audience != ""
	case fieldScopes:
		return len(c.Scopes) > 0
	case fieldHeaderKey:
		return c.HeaderKey != ""
	case fieldRedirectURI:
		return c.RedirectURI != ""
	case fieldAuthMethods:
		return len(c.AuthMethods) > 0
	default:
		return false
	}
}

// lacks returns those of need that c does not set.
func (c ClientConfig) lacks(need []Field) []Field {
	return slices.DeleteFunc(slices.Clone(need), c.has)
}

// settings names fields as a program sets them: "ClientConfig.TokenEndpoint and
// ClientConfig.ClientID".
func settings(fields []Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		var name strings.Builder
		for part := range strings.SplitSeq(string(f), "_") {
			if part == "id" {
				part = "ID"
			}
			name.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
		names[i] = "ClientConfig." + name.String()
	}
	return strings.Join(names, " and ")
}
