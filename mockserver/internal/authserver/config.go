package authserver

import (
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Defaults of [oauth.Config].
const (
	defaultTokenTTL       = time.Hour
	defaultCodeTTL        = time.Minute
	defaultDeviceTTL      = 10 * time.Minute
	defaultDeviceInterval = 5 * time.Second
)

// complete checks a configuration and fills in its defaults.
func complete(c *oauth.Config) (*url.URL, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, &ConfigError{Field: "Issuer", Reason: "want an http or https URL such as http://127.0.0.1:8080"}
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, &ConfigError{Field: "Issuer", Reason: "must not carry a query, a fragment or a user (RFC 8414 section 2)"}
	}
	if !plainPath(u) {
		return nil, &ConfigError{Field: "Issuer", Reason: "want a path of letters, digits and -._~ between single slashes, such as /realms/demo"}
	}
	c.Issuer = strings.TrimRight(c.Issuer, "/")
	for _, d := range []struct {
		field  string
		value  *time.Duration
		preset time.Duration
	}{
		{"TokenTTL", &c.TokenTTL, defaultTokenTTL},
		{"CodeTTL", &c.CodeTTL, defaultCodeTTL},
		{"DeviceTTL", &c.DeviceTTL, defaultDeviceTTL},
		{"DeviceInterval", &c.DeviceInterval, defaultDeviceInterval},
	} {
		if *d.value == 0 {
			*d.value = d.preset
		}
		if *d.value < time.Second || *d.value%time.Second != 0 {
			return nil, &ConfigError{Field: d.field, Reason: "want whole seconds, at least one: answers have no fractions"}
		}
	}
	if c.RotationGrace < 0 {
		return nil, &ConfigError{Field: "RotationGrace", Reason: "must not be negative"}
	}
	if c.OfflineScope != "" && !validScope(c.OfflineScope) {
		return nil, &ConfigError{Field: "OfflineScope", Reason: "is one scope, not several"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Audiences = slices.Clone(c.Audiences)
	c.Accounts = slices.Clone(c.Accounts)
	c.Grants = slices.Clone(c.Grants)
	c.Quirks = slices.Clone(c.Quirks)
	c.TrustedIssuers = slices.Clone(c.TrustedIssuers)
	for _, check := range []error{checkAccounts(*c), checkGrants(c.Grants), checkQuirks(c.Quirks), checkTrusted(c.TrustedIssuers)} {
		if check != nil {
			return nil, check
		}
	}
	return u, nil
}

// plainPath reports whether the path of u can be compared as text and routed by:
// nothing in it is escaped, empty or a step up.
func plainPath(u *url.URL) bool {
	trimmed := strings.Trim(u.Path, "/")
	if trimmed == "" {
		return true
	}
	for segment := range strings.SplitSeq(trimmed, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsFunc(segment, notUnreserved) {
			return false
		}
	}
	return true
}
