package flyte

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// value is the parsed value of a setting.
type value struct {
	text string
	flag bool
	list []string
}

// set reports whether the value counts: an empty text or list does not, false does.
func (v value) set(k kind) bool {
	switch {
	case k == boolean:
		return true
	case k.isList():
		return len(v.list) > 0
	default:
		return v.text != ""
	}
}

// parseText parses a variable, or a scalar of a file.
func parseText(k kind, s string) (value, error) {
	s = strings.TrimSpace(s)
	switch k {
	case boolean:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return value{}, fmt.Errorf("must be true or false, not %.40q", s)
		}
		return value{flag: b}, nil
	case list:
		words, err := parseList(s)
		return value{list: words}, err
	case scopes:
		words, err := parseList(s)
		if !strings.HasPrefix(s, "[") {
			words = splitAtCommas(words)
		}
		return value{list: words}, err
	default:
		return value{text: s}, nil
	}
}

// parseList parses a JSON array of strings, or words with spaces between them.
func parseList(s string) ([]string, error) {
	if !strings.HasPrefix(s, "[") {
		return words(s)
	}
	var items []any
	if err := json.Unmarshal([]byte(s), &items); err != nil {
		return nil, errors.New(`must be a JSON array of strings such as ["a", "b"], or words with spaces between them`)
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		word, ok := item.(string)
		if !ok {
			return nil, errors.New("every item of the list must be a string")
		}
		out = append(out, word)
	}
	return out, nil
}

// splitAtCommas splits words further: "a,b" and "a, b" are two scopes, as in flyte-sdk.
func splitAtCommas(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, strings.FieldsFunc(w, func(r rune) bool { return r == ',' })...)
	}
	return out
}

// parseFileText is parseText for a scalar of a file. There yes, no, on and off are
// booleans too, as in YAML 1.1, which flyte-sdk reads. It reads y and n as text, which
// counts as true, so that those stay an error.
func parseFileText(k kind, s string) (value, error) {
	if k == boolean {
		switch s {
		case "yes", "Yes", "YES", "on", "On", "ON":
			return value{flag: true}, nil
		case "no", "No", "NO", "off", "Off", "OFF":
			return value{flag: false}, nil
		}
	}
	return parseText(k, s)
}

// words splits text as a POSIX shell does, without expanding anything: spaces
// separate, single quotes keep everything, double quotes keep all but \" and \\,
// a backslash keeps what follows.
func words(s string) ([]string, error) {
	var out []string
	var word strings.Builder
	inside, quote := false, rune(0)
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inside = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inside = r, true
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			if inside {
				out = append(out, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteRune(r)
			inside = true
		}
	}
	switch {
	case quote != 0:
		return nil, fmt.Errorf("has a %c that is not closed", quote)
	case escaped:
		return nil, errors.New("ends with a backslash")
	case inside:
		out = append(out, word.String())
	}
	return out, nil
}
