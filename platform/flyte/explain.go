package flyte

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Origin is where the value of one key came from.
type Origin struct {
	// Key is the key, such as "admin.endpoint".
	Key string
	// Value is the value, without arguments of commands and passwords of proxies;
	// empty when nobody has set the key.
	Value string
	// From is the environment variable, the file with its line, or the parameter;
	// empty when nobody has set the key.
	From string
	// Hides are places with another say that did not count.
	Hides []string
	// File and Line are set when the value came from a file.
	File string
	Line int
}

// String is one line for a person.
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

// replaced is o with a value from elsewhere, which is no file.
func (o Origin) replaced(from, value string) Origin {
	if o.From != "" {
		o.Hides = append([]string{o.From}, o.Hides...)
	}
	o.From, o.Value, o.File, o.Line = from, value, "", 0
	return o
}

// Explain tells of every key where its value came from, in a fixed order.
func (c *Config) Explain() []Origin {
	var out []Origin
	for _, s := range settings() {
		out = append(out, c.origins[s.key])
	}
	return out
}

// String is [Config.Explain], a line each, without keys that nobody has set.
func (c *Config) String() string {
	var b strings.Builder
	for _, o := range c.Explain() {
		if o.From != "" {
			b.WriteString(o.String() + "\n")
		}
	}
	return b.String()
}

// Format is String for every verb: fields may hold arguments and passwords that are
// secret. It is there for copies of a Config, too.
func (c Config) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, (&c).String()) }

// MarshalJSON writes String.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal((&c).String()) }

// show is a value that anybody may see.
func show(s setting, v value) string {
	switch {
	case s.key == KeyCommand || s.key == KeyProxyCommand:
		if len(v.list) == 1 {
			return v.list[0]
		}
		return fmt.Sprintf("%s and %d arguments", v.list[0], len(v.list)-1)
	case s.key == KeyHTTPProxyURL || s.key == KeyEndpoint:
		return withoutUser(v.text)
	case s.kind == boolean:
		return strconv.FormatBool(v.flag)
	case s.kind == list:
		return strings.Join(v.list, " ")
	default:
		return v.text
	}
}

// withoutUser takes user and password out of a URL.
func withoutUser(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return "[redacted]"
	}
	return u.Scheme + "://[redacted]@" + u.Host
}
