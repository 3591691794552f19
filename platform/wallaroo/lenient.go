package wallaroo

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// Rows that older releases wrote lack numbers, have them as texts, or have an address in
// place of a number. These types read what they can, and take null for the zero value.

// number is a whole number, also one in quotes.
type number int64

var errNumber = errors.New("it is not a whole number")

// UnmarshalJSON reads a number, a number in quotes, or null.
func (n *number) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	if t == "" {
		*n = 0
		return nil
	}
	if whole, err := strconv.ParseInt(string(t), 10, 64); err == nil {
		*n = number(whole)
		return nil
	}
	f, err := strconv.ParseFloat(string(t), 64) // 18.0, of a language with one kind of numbers
	if err != nil || f != float64(int64(f)) || f > 1<<53 || f < -1<<53 {
		return errNumber
	}
	*n = number(f)
	return nil
}

// text is a text, or a number as its text.
type text string

var errText = errors.New("it is neither a text nor a number")

// UnmarshalJSON reads a text, a number or null.
func (t *text) UnmarshalJSON(b []byte) error {
	var s *string
	if json.Unmarshal(b, &s) == nil {
		if *t = ""; s != nil {
			*t = text(*s)
		}
		return nil
	}
	var n json.Number
	if json.Unmarshal(b, &n) != nil {
		return errText
	}
	*t = text(n)
	return nil
}

// moment is a time; one that cannot be read is the zero time.
type moment struct{ time.Time }

// UnmarshalJSON reads ISO 8601 with an offset, or without for UTC.
func (m *moment) UnmarshalJSON(b []byte) error {
	m.Time = time.Time{}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return nil //nolint:nilerr // a time that nothing depends on
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if parsed, err := time.Parse(layout, s); err == nil {
			m.Time = parsed
			break
		}
	}
	return nil
}

// whole returns the numbers of a list.
func whole(list []number) []int64 {
	var out []int64
	for _, n := range list {
		out = append(out, int64(n))
	}
	return out
}
