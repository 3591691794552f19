package flyte

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Origin is where the value of one key comes from.
type Origin struct {
	// Key is the key, such as "admin.endpoint".
	Key string
	// Value is the value, without arguments of commands and passwords of proxies;
	// empty if the key is not set.
	Value string
	// From is the environment variable, the file with its line, or the parameter;
	// empty if the key is not set.
	From string
	// Hides are the places whose value for the key this one overrides.
	Hides []string
	// File is the file of the value; empty if it does not come from one.
	File string
	// Line is the line in File, from 1; zero without one.
	Line int
}

// String returns one line of text: key, value and origin.
func (o Origin) String() string {
	if o.From == "" {
		return o.Key + " is not set"
	}
	text := fmt.Sprintf("%s = %s (%s)", o.Key, o.Value, o.From)
	if len(o.Hides) > 0 {
		text += ", hiding " + strings.Join(o.Hides, " and ")
	}
	return text
}

// replaced returns o with a value from a variable or parameter.
func (o Origin) replaced(from, value string) Origin {
	if o.From != "" {
		o.Hides = append([]string{o.From}, o.Hides...)
	}
	o.From, o.Value, o.File, o.Line = from, value, "", 0
	return o
}

// Explain returns the origin of every key, in a fixed order.
func (c *Config) Explain() []Origin {
	var out []Origin
	for _, s := range settings() {
		out = append(out, c.origins[s.key])
	}
	return out
}

// String returns [Config.Explain], a line each, without the keys that are not set.
func (c *Config) String() string {
	var b strings.Builder
	for _, o := range c.Explain() {
		if o.From != "" {
			b.WriteString(o.String() + "\n")
		}
	}
	return b.String()
}

// Format writes String, for every verb: fields may hold arguments and passwords that
// are secret. The receiver is a value, so that copies of a Config are covered.
func (c Config) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, (&c).String()) }

// MarshalJSON returns String as JSON, for the same reason as Format.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal((&c).String()) }

// show returns the part of a value that is not secret.
func show(s setting, v value) string {
	switch {
	case s.key == KeyCommand || s.key == KeyProxyCommand:
		if len(v.list) == 1 {
			return v.list[0]
		}
		return fmt.Sprintf("%s and %d arguments", v.list[0], len(v.list)-1)
	case s.key == KeyHTTPProxyURL || s.key == KeyEndpoint:
		return withoutSecrets(v.text)
	case s.kind == boolean:
		return strconv.FormatBool(v.flag)
	case s.kind.isList():
		return strings.Join(v.list, " ")
	default:
		return v.text
	}
}

// withoutSecrets replaces user, password and query in a URL.
func withoutSecrets(text string) string {
	text, _, query := strings.Cut(text, "?")
	if query {
		return withoutSecrets(text) + "?[redacted]"
	}
	if !strings.Contains(text, "@") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return "[redacted]"
	}
	return u.Scheme + "://[redacted]@" + u.Host
}
