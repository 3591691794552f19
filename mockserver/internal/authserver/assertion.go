package authserver

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
	"github.com/jetway-go/jetway/mockserver/internal/signed"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// assertionType is private_key_jwt's (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxAssertion is the longest lifetime of a client assertion.
const maxAssertion = time.Hour

// byAssertion returns the client that signed the assertion of a request (RFC 7523
// section 3).
func (s *Server) byAssertion(r *http.Request, f form) (oauth.Client, *protocolError) {
	failed := func(why string) (oauth.Client, *protocolError) {
		return oauth.Client{}, &protocolError{status: http.StatusUnauthorized, code: codeInvalidClient, description: why}
	}
	if f.get("client_assertion_type") != assertionType {
		return oauth.Client{}, refuse(codeInvalidRequest, "client_assertion_type must be "+assertionType)
	}
	token, err := signed.Parse(f.get("client_assertion"))
	if err != nil {
		return failed("the client assertion " + err.Error())
	}
	id := cmp.Or(f.get("client_id"), token.Subject())
	client, known := s.clients.get(id)
	if !known || len(client.Keys) == 0 {
		return failed("the client assertion is from no client that has keys here")
	}
	now := s.cfg.Now()
	here := s.cfg.Issuer + strings.TrimPrefix(r.URL.Path, s.path)
	claims, err := token.Verify(client.Keys, now, s.cfg.Issuer, s.TokenURL(), here)
	if err != nil {
		return failed("the client assertion " + err.Error())
	}
	expiry := claims.Expiry.Time()
	switch {
	case claims.Issuer != client.ID || claims.Subject != client.ID:
		return failed("iss and sub of the client assertion must both be the client_id")
	case expiry.After(now.Add(maxAssertion)):
		return failed("the client assertion lives for more than an hour (exp)")
	case claims.ID == "":
		return failed("the client assertion has no jti")
	case !s.proofs.first(client.ID+" "+claims.ID, expiry.Add(signed.Leeway), now):
		return failed("the client assertion was used before (jti)")
	}
	return client, nil
}

// proofs stores assertions until they expire, so that none is accepted twice.
type proofs struct {
	keeper kept.Keeper

	mu   sync.Mutex
	seen map[digest]time.Time
}

func newProofs() *proofs { return &proofs{keeper: kept.Off{}, seen: map[digest]time.Time{}} }

// first stores id until expiry and reports whether it was new.
func (p *proofs) first(id string, expiry, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	var changes []kept.Change
	if len(p.seen) >= purgeAt {
		for d, end := range p.seen {
			if now.After(end) {
				delete(p.seen, d)
				changes = append(changes, drop(bucketAssertions, d))
			}
		}
	}
	d := digestOf(id)
	if end, ok := p.seen[d]; ok && !now.After(end) {
		return false
	}
	p.seen[d] = expiry
	p.keeper.Keep(append(changes, put(bucketAssertions, d, expiry))...)
	return true
}
