package httprule

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

const (
	one  = "*"  // one path segment
	many = "**" // any number of them, also none
)

// template is a path template of google.api.http.
type template struct {
	segments []segment
	verb     string // with its colon; may be empty
}

// segment is a literal, or a field with the pattern of its value.
type segment struct {
	literal string
	field   []string // the path of the field; nil for a literal
	pattern []string // literals, "*" and "**"
}

// parse reads a template:
//
//	Template = "/" Segments [ ":" LITERAL ]
//	Segments = Segment { "/" Segment }
//	Segment  = LITERAL | "{" Field { "." Field } [ "=" Segments ] "}"
func parse(text string) (template, error) {
	rest, ok := strings.CutPrefix(text, "/")
	if !ok {
		return template{}, errors.New(`it does not begin with "/"`)
	}
	var t template
	if end := strings.LastIndexByte(rest, '}') + 1; strings.LastIndexByte(rest, ':') >= end {
		colon := strings.LastIndexByte(rest, ':')
		if rest[colon+1:] == "" || strings.ContainsAny(rest[colon:], "/*") {
			return template{}, errors.New("the verb after its colon is empty or has a segment after it")
		}
		t.verb, rest = ":"+escape(rest[colon+1:]), rest[:colon]
	}
	if rest == "" && t.verb == "" {
		t.segments = []segment{{}}
		return t, nil
	}
	for {
		next, tail, err := cutSegment(rest)
		if err != nil {
			return template{}, err
		}
		t.segments = append(t.segments, next)
		if tail == "" {
			return t, t.check()
		}
		rest = tail[1:]
	}
}

// cutSegment reads the first segment; what follows it is empty or begins with a slash.
func cutSegment(rest string) (segment, string, error) {
	if !strings.HasPrefix(rest, "{") {
		end := strings.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		literal := rest[:end]
		if err := checkLiteral(literal); err != nil {
			return segment{}, "", err
		}
		if literal == one || literal == many {
			return segment{}, "", fmt.Errorf("%q stands for no field, so a client has nothing to put there", literal)
		}
		return segment{literal: escape(literal)}, rest[end:], nil
	}
	variable, tail, closed := strings.Cut(rest[1:], "}")
	if !closed || tail != "" && tail[0] != '/' {
		return segment{}, "", errors.New(`a "{" has no "}" at the end of its segment`)
	}
	name, pattern, given := strings.Cut(variable, "=")
	s := segment{field: strings.Split(name, "."), pattern: []string{one}}
	if given {
		s.pattern = strings.Split(pattern, "/")
	}
	if slices.Contains(s.field, "") {
		return segment{}, "", errors.New("a field has no name")
	}
	for _, part := range s.pattern {
		if err := checkLiteral(part); err != nil {
			return segment{}, "", err
		}
	}
	return s, tail, nil
}

func checkLiteral(part string) error {
	switch {
	case part == one || part == many:
		return nil
	case part == "":
		return errors.New("a segment is empty")
	case strings.ContainsAny(part, "{}*=?#"):
		return fmt.Errorf("the segment %q has a character that only a field may have", part)
	case isDots(part):
		return fmt.Errorf("the segment %q leads elsewhere", part)
	default:
		return nil
	}
}

// check holds what no single segment shows: "**" is the last of all.
func (t template) check() error {
	for i, s := range t.segments {
		if at := slices.Index(s.pattern, many); at >= 0 && (at != len(s.pattern)-1 || i != len(t.segments)-1) {
			return errors.New(`"**" is not the last segment`)
		}
	}
	return nil
}

// expand returns the value of the field as its part of the path, escaped once. It is an
// error, which does not show the value, if the server would read another one.
func (s segment) expand(value string) (string, error) {
	if value == "" {
		return "", errors.New("it is empty")
	}
	if len(s.pattern) == 1 && s.pattern[0] == one {
		if isDots(value) {
			return "", errors.New("as a path segment it leads elsewhere")
		}
		return escape(value), nil
	}
	parts := strings.Split(value, "/")
	for i, part := range parts {
		if part == "" || isDots(part) {
			return "", errors.New(`it has a segment that is empty, "." or ".."`)
		}
		parts[i] = escape(part)
	}
	if !s.matches(strings.Split(value, "/")) {
		return "", fmt.Errorf("it does not match the pattern %q", strings.Join(s.pattern, "/"))
	}
	return strings.Join(parts, "/"), nil
}

func (s segment) matches(parts []string) bool {
	for i, want := range s.pattern {
		if want == many {
			return true
		}
		if i >= len(parts) || want != one && parts[i] != want {
			return false
		}
	}
	return len(parts) == len(s.pattern)
}

func isDots(part string) bool { return part == "." || part == ".." }

// escape leaves letters, digits and "-_.~" as they are, as the rule's documentation says: a
// colon too is escaped, which would begin a verb.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
