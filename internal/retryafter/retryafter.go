// Package retryafter reads the Retry-After header (RFC 9110 §10.2.3), in which a busy server
// says when a client may ask again. Call [Parse].
package retryafter

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Longest is the longest wait that [Parse] returns.
const Longest = 24 * time.Hour

// Parse returns how long to wait from now: at least zero, and at most [Longest]. The text
// is a number of seconds or a date; said reports whether it is one of them.
func Parse(text string, now time.Time) (wait time.Duration, said bool) {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		wait, said = time.Duration(seconds)*time.Second, true // out of range: the nearest value
	} else if at, err := http.ParseTime(text); err == nil {
		wait, said = at.Sub(now), true
	}
	return min(max(wait, 0), Longest), said
}
