package keycloaktest

import (
	"crypto/rand"
	"errors"
	"net/http"
	"time"
)

// device is one device authorization request (RFC 8628).
type device struct {
	userCode  string
	expiry    time.Time
	interval  time.Duration
	lastPoll  time.Time
	user      string // who has approved it; empty until then
	denied    bool
	challenge string
}

// authorizeDevice starts the device flow.
func (s *Realm) authorizeDevice(r *http.Request, req *Request) answer {
	allowed := []string{"client_id"}
	if s.cfg.NeedsPKCE {
		allowed = append(allowed, "code_challenge", "code_challenge_method")
	}
	switch {
	case req.Violation != "" || !req.only(allowed...):
		return refusal(http.StatusBadRequest, "invalid_request", req.Violation)
	case req.ClientID != ClientID:
		return refusal(http.StatusUnauthorized, "invalid_client", "Invalid client or Invalid client credentials")
	case s.cfg.NeedsPKCE && req.form.Get("code_challenge_method") != "S256":
		return refusal(http.StatusBadRequest, "invalid_request", "Missing parameter: code_challenge_method")
	}
	code, id := rand.Text()[:8], rand.Text()
	d := &device{
		userCode: code[:4] + "-" + code[4:], expiry: s.cfg.Now().Add(s.cfg.DeviceTTL), interval: s.cfg.Interval,
		user: s.cfg.AutoApprove, challenge: req.form.Get("code_challenge"),
	}
	s.devices[id] = d
	scheme := "http://"
	if r.TLS != nil || r.URL.Scheme == "https" {
		scheme = "https://"
	}
	page := scheme + r.Host + Path + "/device"
	return answer{http.StatusOK, map[string]any{
		"device_code": id, "user_code": d.userCode, "verification_uri": page,
		"verification_uri_complete": page + "?user_code=" + d.userCode,
		"expires_in":                int(s.cfg.DeviceTTL.Seconds()), "interval": int(s.cfg.Interval.Seconds()),
	}}
}

// Approve approves the device with this user code, as user. It is an error if no device
// waits with that code.
func (s *Realm) Approve(userCode, user string) error { return s.decide(userCode, user, false) }

// Deny denies the device with this user code. It is an error if no device waits with
// that code.
func (s *Realm) Deny(userCode string) error { return s.decide(userCode, "", true) }

func (s *Realm) decide(userCode, user string, denied bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.userCode == userCode && s.cfg.Now().Before(d.expiry) {
			d.user, d.denied = user, denied
			return nil
		}
	}
	return errors.New("keycloak: no device has this code")
}

// pollDevice answers a device that asks whether the user has decided.
func (s *Realm) pollDevice(req *Request) answer {
	id := req.form.Get("device_code")
	d, now := s.devices[id], s.cfg.Now()
	switch {
	case d == nil:
		return refusal(http.StatusBadRequest, "invalid_grant", "Device code not valid")
	case !now.Before(d.expiry):
		delete(s.devices, id)
		return refusal(http.StatusBadRequest, "expired_token", "Device code is expired")
	case !d.lastPoll.IsZero() && now.Sub(d.lastPoll) < d.interval:
		req.Violation = "polled faster than the interval"
		return refusal(http.StatusBadRequest, "slow_down", "Slow down")
	}
	d.lastPoll = now
	switch {
	case s.slowDown > 0:
		s.slowDown--
		d.interval += 5 * time.Second // RFC 8628 §3.5; a client that ignores slow_down polls too fast
		return refusal(http.StatusBadRequest, "slow_down", "Slow down")
	case s.pending > 0:
		s.pending--
		return refusal(http.StatusBadRequest, "authorization_pending", "The authorization request is still pending")
	case d.denied:
		delete(s.devices, id)
		return refusal(http.StatusBadRequest, "access_denied", "The end user denied the authorization request")
	case d.user == "":
		return refusal(http.StatusBadRequest, "authorization_pending", "The authorization request is still pending")
	case s.cfg.NeedsPKCE && !proves(req.form.Get("code_verifier"), d.challenge):
		return refusal(http.StatusBadRequest, "invalid_grant", "PKCE verification failed")
	}
	delete(s.devices, id)
	return s.begin(d.user)
}
