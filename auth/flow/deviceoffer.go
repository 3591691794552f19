package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jetway-go/jetway/internal/browser"
	"github.com/jetway-go/jetway/internal/fault"
)

// offer is the answer of a device authorization endpoint (RFC 8628 §3.2).
type offer struct {
	deviceCode, userCode string
	address, complete    string // http or https, safe to show; complete may be empty
	life, interval       time.Duration
}

const (
	usualInterval   = 5 * time.Second // RFC 8628 §3.2, where the server does not say
	longestInterval = time.Minute
	usualLife       = 10 * time.Minute // for servers that leave expires_in out
	maxUserCode     = 40               // characters
)

// parseOffer reads the answer. It fails only where a required part is unusable, and no
// error quotes the answer.
func parseOffer(body []byte) (offer, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte(byteOrderMark)), &fields); err != nil || fields == nil {
		return offer{}, errors.New("the answer is no JSON object")
	}
	text := func(names ...string) string {
		for _, name := range names {
			var value string
			if json.Unmarshal(fields[name], &value) == nil && value != "" {
				return value
			}
		}
		return ""
	}
	o := offer{
		deviceCode: text("device_code"),
		userCode:   text("user_code"),
		life:       time.Duration(seconds(fields["expires_in"])) * time.Second,
		interval:   time.Duration(seconds(fields["interval"])) * time.Second,
	}
	if o.life <= 0 {
		o.life = usualLife
	}
	if o.interval <= 0 {
		o.interval = usualInterval
	}
	o.interval = min(o.interval, longestInterval)
	var err error
	switch {
	case o.deviceCode == "":
		return offer{}, errors.New("the answer has no device_code")
	case o.userCode == "":
		return offer{}, errors.New("the answer has no user_code")
	case utf8.RuneCountInString(o.userCode) > maxUserCode:
		return offer{}, fmt.Errorf("the user_code has more than %d characters, which no person can type", maxUserCode)
	case !showable(o.userCode):
		return offer{}, errors.New("the user_code holds characters that no person can type")
	}
	if o.address, err = browser.Check(text("verification_uri", "verification_url")); err != nil { // Google's older spelling
		return offer{}, fmt.Errorf("verification_uri: %w", err)
	}
	if o.complete, err = browser.Check(text("verification_uri_complete", "verification_url_complete")); err != nil {
		o.complete = "" // it only saves typing
	}
	return o, nil
}

// showable reports whether text can be written to a terminal as it is.
func showable(text string) bool {
	return fault.Visible(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// seconds reads a number, or a string that holds one; zero for all else.
func seconds(raw json.RawMessage) int64 {
	var scalar jsonScalar
	if len(raw) == 0 || scalar.UnmarshalJSON(raw) != nil {
		return 0
	}
	n, err := parseSeconds(string(scalar))
	if err != nil {
		return 0
	}
	return n
}
