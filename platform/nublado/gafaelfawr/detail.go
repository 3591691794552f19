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

// parseDetail reads an error: a list of details of which the first counts, or a
// single one. What cannot be read is left out: the status says enough.
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

// oneLine takes secrets and everything that a terminal would obey out of text.
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

// scrubbed is a network error without secrets; it stays what it was unless it
// holds one.
func scrubbed(admin Token, err error) error {
	text := err.Error()
	if clean := redact(admin.hide(text)); clean != text {
		return errors.New(clean)
	}
	return err
}
