package authserver

import (
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// slowDown is added to the interval at each early poll (RFC 8628 section 3.5).
const slowDown = 5 * time.Second

// deviceCode is the grant of RFC 8628 section 3.4.
func (s *Server) deviceCode(c oauth.Client, f form) (issued, *protocolError) {
	code := f.get("device_code")
	if code == "" {
		return issued{}, refuse(codeInvalidRequest, "device_code is missing")
	}
	info, perr := s.devices.poll(code, c.ID, f, s.cfg.Now(), s.has(oauth.QuirkSilentDenial))
	if perr != nil {
		return issued{}, perr
	}
	audience, perr := s.narrowed(f, info.audience)
	if perr != nil {
		return issued{}, perr
	}
	return s.begin(c, info, audience)
}

// poll answers one poll. It returns an approval once.
func (d *devices) poll(code, client string, f form, now time.Time, silent bool) (tokenInfo, *protocolError) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.byCode[digestOf(code)]
	if r == nil || r.client != client {
		return tokenInfo{}, refuse(codeInvalidGrant, "the device code is unknown, was used, or was issued to another client")
	}
	if perr := proven(r.challenge, f); perr != nil {
		return tokenInfo{}, perr
	}
	early := !r.polled.IsZero() && now.Sub(r.polled) < r.interval
	r.polled = now
	defer func() {
		if d.byCode[r.code] == r {
			d.keeper.Keep(r.change(r.code))
		}
	}()
	switch {
	case !now.Before(r.expiry):
		return tokenInfo{}, refuse(codeExpiredToken, "the device code has expired")
	case early:
		r.interval += slowDown
		return tokenInfo{}, refuse(codeSlowDown, "polled too early; wait five seconds longer from now on")
	case r.decision == denied && !silent:
		d.forget(code)
		return tokenInfo{}, refuse(codeAccessDenied, "the user denied the request")
	case r.decision != approved:
		return tokenInfo{}, refuse(codeAuthorizationPending, "the user has not decided yet")
	}
	d.forget(code)
	return r.tokenInfo, nil
}

// forget needs mu held.
func (d *devices) forget(code string) {
	r := d.byCode[digestOf(code)]
	delete(d.byCode, r.code)
	delete(d.byUser, r.userCode)
	d.keeper.Keep(drop(bucketDevices, r.code))
}
