package dextest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// session is one session, which its cookie holds.
type session struct {
	user string
	end  time.Time
	size int // of the cookie that renews it on the next answer; zero: it is new enough
}

// ExpireSessions ends all sessions.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

// RenewSessions makes all present sessions so old that the proxy renews them
// (--cookie-refresh): the answer to every request with one of them, gRPC calls apart, sets
// the cookie of a new session, whose value has at least size bytes. The old one stays valid,
// and causes a renewal for every request. A cookie of more than 4000 bytes is split.
func (s *Server) RenewSessions(size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for value, one := range s.sessions {
		one.size = max(size, 1)
		s.sessions[value] = one
	}
}

// open opens a session and returns the value of its cookie.
func (s *Server) open(user string, size int) string {
	value := "session-" + rand.Text()
	value += strings.Repeat("x", max(size-len(value), 0))
	s.sessions[value] = session{user: user, end: time.Now().Add(s.config.SessionLife)}
	return value
}

// logIn opens the session of a login.
func (s *Server) logIn(w http.ResponseWriter, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	s.set(w, s.open(user, 0))
}

// renew sets a new cookie on the answer to a request with an old session.
func (s *Server) renew(w http.ResponseWriter, cookies []*http.Cookie) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.sessions[presented(cookies)]; one.size > 0 {
		s.renewals++
		s.set(w, s.open(one.user, one.size))
	}
}

const (
	maxCookie = 4000
	partSize  = 3900
)

// set sets the cookie of a session, in parts if it is too long for one. The other form, if
// the browser has it, stays.
func (s *Server) set(w http.ResponseWriter, value string) {
	cookie := &http.Cookie{ //nolint:gosec // it serves http only
		Name: SessionCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(s.config.SessionLife.Seconds()),
	}
	if len(cookie.String()) <= maxCookie {
		http.SetCookie(w, cookie)
		return
	}
	for n := 0; value != ""; n++ {
		part := value[:min(partSize, len(value))]
		value = value[len(part):]
		cookie.Name, cookie.Value = fmt.Sprintf("%s_%d", SessionCookie, n), part
		http.SetCookie(w, cookie)
	}
}

// presented returns the value of the session cookie: the whole one, which has precedence,
// or the parts in their order.
func presented(cookies []*http.Cookie) string {
	values := map[string]string{}
	for _, c := range cookies {
		values[c.Name] = c.Value
	}
	if whole, ok := values[SessionCookie]; ok {
		return whole
	}
	var all strings.Builder
	for n := 0; ; n++ {
		part, ok := values[fmt.Sprintf("%s_%d", SessionCookie, n)]
		if !ok {
			return all.String()
		}
		all.WriteString(part)
	}
}

// knows reports whether the cookies are those of a session that has not expired.
func (s *Server) knows(cookies []*http.Cookie) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.sessions[presented(cookies)]
	return ok && time.Now().Before(one.end)
}

// userOf returns whose session the cookies are; empty for none.
func (s *Server) userOf(cookies []*http.Cookie) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[presented(cookies)].user
}
