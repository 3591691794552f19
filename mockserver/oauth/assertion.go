package oauth

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// assertionType is private_key_jwt's (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// byAssertion finds out which client signed the assertion of a request (RFC 7523
// section 3).
func (s *Server) byAssertion(r *http.Request, f form) (Client, *protocolError) {
	failed := func(why string) (Client, *protocolError) {
		return Client{}, &protocolError{status: http.StatusUnauthorized, code: codeInvalidClient, description: why}
	}
	if f.get("client_assertion_type") != assertionType {
		return Client{}, refuse(codeInvalidRequest, "client_assertion_type must be "+assertionType)
	}
	id := f.get("client_id")
	if id == "" {
		id = unverifiedSubject(f.get("client_assertion"))
	}
	client, known := s.clients.get(id)
	if !known || len(client.Keys) == 0 {
		return failed("the client assertion is from no client that has keys here")
	}
	c, err := verifyJWT(f.get("client_assertion"), client.Keys)
	if err != nil {
		return failed("the client assertion " + err.Error())
	}
	if c.text("iss") != client.ID || c.text("sub") != client.ID {
		return failed("iss and sub of the client assertion must both be the client_id")
	}
	now := s.cfg.Now()
	if err := c.check(now, []string{s.cfg.Issuer, s.TokenURL(), s.cfg.Issuer + strings.TrimPrefix(r.URL.Path, s.path)}); err != nil {
		return failed("the client assertion " + err.Error())
	}
	expiry, _ := c.time("exp")
	switch {
	case expiry.After(now.Add(maxAssertion)):
		return failed("the client assertion " + errTooLong.Error())
	case c.text("jti") == "":
		return failed("the client assertion has no jti")
	case !s.proofs.first(client.ID+" "+c.text("jti"), expiry.Add(leeway), now):
		return failed("the client assertion was used before (jti)")
	}
	return client, nil
}

// unverifiedSubject reads who an assertion says it is from, to find the keys.
func unverifiedSubject(assertion string) string {
	c, _ := unverified(assertion)
	return c.text("sub")
}

// proofs remembers assertions until they expire, so that none works twice.
type proofs struct {
	mu   sync.Mutex
	seen map[digest]time.Time
}

func newProofs() *proofs { return &proofs{seen: map[digest]time.Time{}} }

// first notes id until expiry; false if it was noted before.
func (p *proofs) first(id string, expiry, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) >= purgeAt {
		for d, end := range p.seen {
			if now.After(end) {
				delete(p.seen, d)
			}
		}
	}
	d := digestOf(id)
	if end, ok := p.seen[d]; ok && !now.After(end) {
		return false
	}
	p.seen[d] = expiry
	return true
}
