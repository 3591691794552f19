package console

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver/front"
	"github.com/jetway-go/jetway/mockserver/requests"
)

const (
	shownRequests = 100 // in a page, and in one message of its stream
	knownRequests = 400 // among which a retry finds what it repeats
	maxText       = 200 // characters of what a client has sent
	retryWindow   = 2 * time.Minute
)

// requestRow is one request as the page shows it.
type requestRow struct {
	Number                    uint64
	ID, Time, Service, Method string
	Protocol                  string
	Usual                     bool // the protocol that the call tells already, which narrow screens leave out
	Result                    string
	Tone                      tone
	Took                      string
	Token                     chip
	Reason                    string // of a refusal or failure
	Retry                     string // what this request repeats, and why
}

// tone is the colour of a status; its text says the same.
type tone string

const (
	good  tone = "good"
	warn  tone = "warn"
	bad   tone = "bad"
	quiet tone = "quiet"
	busy  tone = "busy"
)

// chip shows a token by a short form of its ID.
type chip struct {
	Short, Full string
	Hue         int // 0 to 7, so that equal tokens look alike
}

func chipOf(id string) chip {
	if len(id) < 8 {
		return chip{}
	}
	hue := 0
	for _, r := range id[:8] {
		hue = (hue*31 + int(r)) % 8
	}
	return chip{Short: id[:8], Full: id, Hue: hue}
}

// requestsView is the latest requests.
type requestsView struct {
	rows     []requestRow // those that are wanted, newest first
	oldest   uint64       // number of the oldest one that could be shown
	latest   uint64       // number of the latest; 0 without any
	open     []uint64     // those under way
	shown    int          // how many could be shown
	problems int          // how many of these were refused or failed
}

// requests returns the latest requests for which wanted returns true.
func (c *Console) requests(wanted func(requests.Request) bool) requestsView {
	known := c.server.Latest(knownRequests)
	start := max(0, len(known)-shownRequests)
	var v requestsView
	for i, r := range slices.Backward(known) {
		if i < start {
			break
		}
		v.shown++
		v.latest, v.oldest = max(v.latest, r.Number), r.Number
		if !r.Done {
			v.open = append(v.open, r.Number)
		}
		if _, tone := resultOf(r); tone == warn || tone == bad {
			v.problems++
		}
		if wanted(r) {
			v.rows = append(v.rows, c.requestRow(known[:i], r))
		}
	}
	return v
}

func (c *Console) requestRow(before []requests.Request, r requests.Request) requestRow {
	row := requestRow{
		Number: r.Number, ID: fmt.Sprintf("r%d", r.Number), Time: r.Time.Format("15:04:05.000"),
		Protocol: protocolOf(r), Token: chipOf(r.TokenID),
	}
	row.Service, row.Method = namesOf(r)
	row.Usual = r.Protocol != front.GRPCWeb && r.Protocol != front.Connect
	row.Result, row.Tone = resultOf(r)
	if r.Done {
		row.Took = took(r.Took)
		if row.Tone != good {
			row.Reason = reason(r.Reason)
		}
	}
	if earlier, ok := repeated(before, r); ok {
		result, _ := resultOf(earlier)
		row.Retry = fmt.Sprintf("repeats %s: %s", earlier.Time.Format("15:04:05.000"), result)
		if earlier.Reason != "" {
			row.Retry += ", " + reason(earlier.Reason)
		}
		if earlier.TokenID != r.TokenID && earlier.TokenID != "" && r.TokenID != "" {
			row.Retry += "; with a new token"
		}
	}
	return row
}

// reason returns a message for people: IDs of tokens are as short in it as elsewhere.
func reason(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if _, err := hex.DecodeString(w); err == nil && len(w) == 32 {
			words[i] = w[:8]
		}
	}
	return cut(strings.Join(words, " "), maxText)
}

// namesOf splits a method into what people read first and the rest.
func namesOf(r requests.Request) (service, method string) {
	if r.Kind == requests.KindGRPC {
		service, method, _ = strings.Cut(strings.TrimPrefix(r.Method, "/"), "/")
		return cut(service, maxText), cut(method, maxText)
	}
	service = string(r.Endpoint)
	if grant := r.Form["grant_type"]; len(grant) > 0 {
		service = "grant " + shortGrant(grant[0])
	}
	return cut(service, maxText), cut(r.Method, maxText)
}

// shortGrant is a grant type without its namespace.
func shortGrant(grant string) string { return grant[strings.LastIndexByte(grant, ':')+1:] }

// protocolOf returns by which protocol a request came.
func protocolOf(r requests.Request) string {
	switch r.Protocol {
	case front.GRPC:
		return "gRPC"
	case front.GRPCWeb:
		return "gRPC-Web"
	case front.Connect:
		return "Connect"
	default:
		return "HTTP"
	}
}

// resultOf returns the status of a request.
func resultOf(r requests.Request) (string, tone) {
	switch {
	case !r.Done:
		return "under way", busy
	case r.HTTPStatus != 0:
		text := fmt.Sprintf("%d %s", r.HTTPStatus, http.StatusText(r.HTTPStatus))
		switch {
		case r.HTTPStatus < 300 && r.Kind != requests.KindGRPC:
			return text, good
		case r.HTTPStatus >= 500:
			return text, bad
		case r.HTTPStatus < 400 && r.Kind != requests.KindGRPC:
			return text, quiet
		default:
			return text, warn
		}
	}
	switch r.Code {
	case codes.OK:
		return "OK", good
	case codes.Unauthenticated, codes.PermissionDenied:
		return r.Code.String(), warn
	case codes.Canceled:
		return "Canceled", quiet
	default:
		return r.Code.String(), bad
	}
}

// repeated returns the request that r sends again, if r is a retry: the same call with the
// same x-request-id that has failed, or without such an ID the same call of the same program
// that was refused with another token. A program asks a failing token endpoint again without
// an ID.
func repeated(before []requests.Request, r requests.Request) (requests.Request, bool) {
	id, agent := first(r, "x-request-id"), first(r, "user-agent")
	for _, earlier := range slices.Backward(before) {
		if r.Time.Sub(earlier.Time) > retryWindow {
			break
		}
		if earlier.Kind != r.Kind || earlier.Method != r.Method || first(earlier, "user-agent") != agent || first(earlier, "x-request-id") != id {
			continue
		}
		_, result := resultOf(earlier)
		failed := result == warn || result == bad
		switch {
		case !earlier.Done, !failed:
			if id == "" {
				return requests.Request{}, false // it has worked, or is another one
			}
		case id != "", r.Kind == requests.KindGRPC && earlier.Code == codes.Unauthenticated && earlier.TokenID != r.TokenID,
			r.Kind == requests.KindToken && result == bad && slices.Equal(earlier.Form["client_id"], r.Form["client_id"]):
			return earlier, true
		}
	}
	return requests.Request{}, false
}

func first(r requests.Request, key string) string { return cmp.Or(r.Metadata[key]...) }

// took writes a duration with three digits at most.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}
