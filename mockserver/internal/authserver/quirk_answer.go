package authserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/internal/buffered"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const jsonType = "application/json"

// twist changes one JSON answer; it gets and returns the status too.
type twist func(status int, header http.Header, answer map[string]any) int

// twists returns the quirks that change answers of the token and device endpoints.
func (s *Server) twists() []twist {
	all := []struct {
		quirk oauth.Quirk
		twist twist
	}{
		{oauth.QuirkNoInterval, without("interval")},
		{oauth.QuirkNegativeInterval, instead("interval", -1)},
		{oauth.QuirkHugeInterval, instead("interval", 1_000_000_000)},
		{oauth.QuirkVerificationURL, renamed("verification_uri", "verification_url")},
		{oauth.QuirkNoCompleteURI, without("verification_uri_complete")},
		{oauth.QuirkStringExpiresIn, stringExpiresIn},
		{oauth.QuirkNoExpiresIn, noExpiresIn},
		{oauth.QuirkNoScope, without("scope")},
		{oauth.QuirkLowerCaseBearer, instead("token_type", "bearer")},
		{oauth.QuirkErrorsAs200, func(int, http.Header, map[string]any) int { return http.StatusOK }},
		{oauth.QuirkPlainText, func(status int, h http.Header, _ map[string]any) int {
			h.Set("Content-Type", "text/plain; charset=utf-8")
			return status
		}},
		{oauth.QuirkFormAnswers, func(status int, h http.Header, _ map[string]any) int {
			h.Set("Content-Type", formType+"; charset=utf-8")
			return status
		}},
	}
	var on []twist
	for _, t := range all {
		if s.has(t.quirk) {
			on = append(on, t.twist)
		}
	}
	return on
}

func without(key string) twist {
	return func(status int, _ http.Header, answer map[string]any) int {
		delete(answer, key)
		return status
	}
}

// instead changes the value of a key that an answer has.
func instead(key string, value any) twist {
	return func(status int, _ http.Header, answer map[string]any) int {
		if _, there := answer[key]; there {
			answer[key] = value
		}
		return status
	}
}

func renamed(from, to string) twist {
	return func(status int, _ http.Header, answer map[string]any) int {
		if v, there := answer[from]; there {
			answer[to] = v
			delete(answer, from)
		}
		return status
	}
}

func stringExpiresIn(status int, _ http.Header, answer map[string]any) int {
	if v, there := answer["expires_in"]; there {
		answer["expires_in"] = fmt.Sprint(v)
	}
	return status
}

// noExpiresIn leaves device answers alone, where expires_in is required.
func noExpiresIn(status int, _ http.Header, answer map[string]any) int {
	if _, token := answer["access_token"]; token {
		delete(answer, "expires_in")
	}
	return status
}

// twisted applies quirks to the JSON answers of an endpoint.
func twisted(next http.Handler, twists []twist) http.Handler {
	if len(twists) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffered.Edit(w, r, next, func(held *buffered.Answer) {
			answer := map[string]any{}
			decoder := json.NewDecoder(bytes.NewReader(held.Body))
			decoder.UseNumber() // 3600 must not come out as 3.6e+03
			if decoder.Decode(&answer) != nil {
				return
			}
			for _, t := range twists {
				held.Status = t(held.Status, held.Header, answer)
			}
			if isForm(held.Header.Get("Content-Type")) && strings.Contains(r.Header.Get("Accept"), jsonType) {
				held.Header.Set("Content-Type", jsonType)
			}
			held.Body = encoded(held.Header.Get("Content-Type"), answer)
		})
	})
}

func encoded(kind string, answer map[string]any) []byte {
	if isForm(kind) {
		form := url.Values{}
		for _, key := range slices.Sorted(maps.Keys(answer)) {
			form.Set(key, fmt.Sprint(answer[key]))
		}
		return []byte(form.Encode())
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return nil // it was decoded from JSON a moment ago
	}
	return body
}

func checkQuirks(quirks []oauth.Quirk) error {
	for _, q := range quirks {
		if !slices.Contains(oauth.Quirks(), q) {
			return &ConfigError{Field: "Quirks", Reason: "unknown quirk; oauth.Quirks lists them"}
		}
	}
	return nil
}

func (s *Server) has(q oauth.Quirk) bool { return slices.Contains(s.cfg.Quirks, q) }
