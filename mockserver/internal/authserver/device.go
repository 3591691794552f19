package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// serveDevice is the device authorization endpoint (RFC 8628 section 3.1).
func (s *Server) serveDevice(w http.ResponseWriter, r *http.Request) {
	f, perr := readForm(w, r)
	if perr != nil {
		s.refuse(w, "device", perr)
		return
	}
	client, perr := s.authenticate(r, f)
	if perr != nil {
		s.refuse(w, "device", perr)
		return
	}
	answer, perr := s.startDevice(client, f)
	if perr != nil {
		s.refuse(w, "device", perr)
		return
	}
	s.cfg.Logger.DebugContext(r.Context(), "oauth device asks", "client", client.ID)
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) startDevice(c oauth.Client, f form) (map[string]any, *protocolError) {
	if !slices.Contains(c.Grants, oauth.GrantDeviceCode) {
		return nil, refuse(codeUnauthorizedClient, "this client may not use device_code")
	}
	if len(f["audience"]) > 1 {
		return nil, refuse(codeInvalidRequest, "audience is repeated")
	}
	scopes, perr := s.clientScopes(c, f)
	if perr != nil {
		return nil, perr
	}
	audience, perr := s.audiences(f)
	if perr != nil {
		return nil, perr
	}
	proof, perr := challenge(f) // optional: the device code never passes through a browser
	if perr != nil {
		return nil, perr
	}
	now := s.cfg.Now()
	deviceCode, userCode, ok := s.devices.add(deviceRecord{
		tokenInfo: tokenInfo{client: c.ID, scopes: scopes, audience: audience},
		challenge: proof, expiry: now.Add(s.cfg.DeviceTTL), interval: s.cfg.DeviceInterval,
	}, now)
	if !ok {
		return nil, &protocolError{status: http.StatusServiceUnavailable, code: codeServerError, description: "too many devices wait"}
	}
	if s.cfg.AutoApprove != "" {
		_ = s.ApproveDevice(userCode, s.cfg.AutoApprove) // both are known to exist
	}
	return map[string]any{
		"device_code":               deviceCode,
		"user_code":                 userCode,
		"verification_uri":          s.cfg.Issuer + verifyPath,
		"verification_uri_complete": s.cfg.Issuer + verifyPath + "?" + url.Values{"user_code": {userCode}}.Encode(),
		"expires_in":                int64(s.cfg.DeviceTTL / time.Second),
		"interval":                  int64(s.cfg.DeviceInterval / time.Second),
	}, nil
}

// PendingDevices returns the devices that wait for approval, oldest first.
func (s *Server) PendingDevices() []oauth.DeviceRequest { return s.devices.all(s.cfg.Now()) }

// ApproveDevice approves the device that shows userCode for the account of login, as that
// user would on the device page. The error is [ErrUnknownUserCode] or
// [ErrUnknownAccount].
func (s *Server) ApproveDevice(userCode, login string) error {
	account, known := s.account(login)
	if !known {
		return ErrUnknownAccount
	}
	var info tokenInfo
	complete := func(i tokenInfo) tokenInfo {
		info = loginOf(account, i.client, i.scopes, i.audience)
		return info
	}
	if !s.devices.decide(plainUserCode(userCode), approved, complete, s.cfg.Now()) {
		return ErrUnknownUserCode
	}
	s.records.note(info, oauth.LoginEvent{Kind: oauth.LoginApproved, Grant: oauth.GrantDeviceCode})
	return nil
}

// DenyDevice denies the device that shows userCode. The error is [ErrUnknownUserCode].
func (s *Server) DenyDevice(userCode string) error {
	asking, _ := s.devices.waiting(plainUserCode(userCode), s.cfg.Now())
	if !s.devices.decide(plainUserCode(userCode), denied, nil, s.cfg.Now()) {
		return ErrUnknownUserCode
	}
	s.records.note(tokenInfo{client: asking.ClientID}, oauth.LoginEvent{Kind: oauth.LoginDenied, Grant: oauth.GrantDeviceCode})
	return nil
}
