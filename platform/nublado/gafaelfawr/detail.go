package gafaelfawr

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
)

const (
	maxMessage = 300
	maxType    = 60
)

// parseDetail parses the body of an error: a list of details of which the first counts,
// or a single one. For another body it returns nothing, and the status has to do.
func parseDetail(body []byte) (kind, message string) {
	type detail struct {
		Type    string `json:"type"`
		Message string `json:"msg"`
	}
	var answer struct {
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return "", ""
	}
	var list []detail
	var one detail
	switch {
	case json.Unmarshal(answer.Detail, &list) == nil && len(list) > 0:
		one = list[0]
	case json.Unmarshal(answer.Detail, &one) == nil:
	default:
		return "", ""
	}
	return cut(oneLine(one.Type), maxType), cut(oneLine(one.Message), maxMessage)
}

// oneLine returns text without secrets, line ends and control characters.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) && r != unicode.ReplacementChar {
			return r
		}
		return ' '
	}, text)
	return redact(strings.Join(strings.Fields(text), " "))
}

func cut(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

// scrubbed returns a network error without secrets; an error that contains none is
// returned as it is.
func scrubbed(admin Token, err error) error {
	text := err.Error()
	if clean := redact(admin.hide(text)); clean != text {
		return errors.New(clean)
	}
	return err
}
