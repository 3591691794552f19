package authserver

import "net/http"

// showVerify is the page where a user types the code that a device shows (RFC 8628
// section 3.3). A code in the URL fills in the form; the user still has to submit it.
func (s *Server) showVerify(w http.ResponseWriter, r *http.Request) {
	v, perr := s.visits.begin(s.cookie(r), visit{}, s.cfg.Now())
	if perr != nil {
		s.refusePage(w, perr)
		return
	}
	s.setCookie(w, v)
	s.writeVerify(w, v, plainUserCode(r.URL.Query().Get("user_code")), "")
}

func (s *Server) writeVerify(w http.ResponseWriter, v view, userCode, problem string) {
	s.writePage(w, http.StatusOK, page{
		Name: "verify", Title: "Connect a device", Problem: problem, UserCode: userCode,
		Action: s.path + verifyPath, Request: v.id, CSRF: v.csrf,
	})
}

// takeUserCode takes the form of that page.
func (s *Server) takeUserCode(w http.ResponseWriter, r *http.Request) {
	v, f, perr := s.submitted(w, r)
	if perr != nil {
		s.refusePage(w, perr)
		return
	}
	userCode := plainUserCode(f.get("user_code"))
	if _, ok := s.devices.waiting(userCode, s.cfg.Now()); !ok || v.auth != nil {
		s.writeVerify(w, v, "", noSuchUserCode().description)
		return
	}
	s.visits.typed(v.id, userCode)
	s.toPages(w, v)
}

func noSuchUserCode() *protocolError {
	return refuse(codeInvalidRequest, "No device shows this code, or the code has expired.")
}

// decideDevice applies the user's decision to a device.
func (s *Server) decideDevice(w http.ResponseWriter, v view, allowed bool) {
	var err error
	answer := page{Name: "message", Title: "Connected", Message: "The program on your device is logged in. You can close this page."}
	if allowed {
		err = s.ApproveDevice(v.userCode, v.login)
	} else {
		err = s.DenyDevice(v.userCode)
		answer.Title, answer.Message = "Denied", "The program on your device gets no access. You can close this page."
	}
	if err != nil {
		s.refusePage(w, noSuchUserCode())
		return
	}
	s.writePage(w, http.StatusOK, answer)
}
