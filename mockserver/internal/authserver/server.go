// Package authserver is the mock's authorization server.
//
// It issues access tokens that expire, can be revoked and are bound to a client, scopes
// and an audience. Users log in on its pages, at a device or by password; programs with
// a secret, a key or another issuer's token. It checks requests strictly;
// [Server.Faults] makes its endpoints misbehave, and each [oauth.Quirk] is a deviation
// of some real server. There is one file for each grant and endpoint. Everything is
// stored in memory, and kept elsewhere too after [Server.KeepIn]. Package signed has the
// JOSE part.
//
// [New] makes a [Server], an http.Handler, from an [oauth.Config]; resource servers check
// access tokens with [Server.Verify].
package authserver

import (
	"net/http"
	"strings"

	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
	"github.com/jetway-go/jetway/mockserver/internal/pages"
	"github.com/jetway-go/jetway/mockserver/internal/signed"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Server is the authorization server. Safe for concurrent use.
type Server struct {
	cfg     oauth.Config
	path    string // the issuer's path, "" or "/…"
	key     *signed.Key
	keeper  kept.Keeper
	tokens  *registry
	clients *clients
	grants  map[string]grant
	codes   *codes
	devices *devices
	visits  *visits
	proofs  *proofs
	pages   *pages.Layout
	faults  map[oauth.Endpoint]*faults.Set
	records *records
	mux     *http.ServeMux
}

// New returns a Server with a fresh signing key.
func New(cfg oauth.Config) (*Server, error) {
	u, err := complete(&cfg)
	if err != nil {
		return nil, err
	}
	layout, err := newPages()
	if err != nil {
		return nil, &ConfigError{Field: "pages", Reason: "could not be read", Err: err}
	}
	key, err := signed.NewKey()
	if err != nil {
		return nil, &ConfigError{Field: "signing key", Reason: "could not be made", Err: err}
	}
	s := &Server{
		cfg:     cfg,
		path:    strings.TrimRight(u.Path, "/"),
		key:     key,
		keeper:  kept.Off{},
		tokens:  newRegistry(),
		clients: &clients{byID: map[string]oauth.Client{}},
		codes:   newCodes(),
		devices: newDevices(),
		visits:  newVisits(),
		proofs:  newProofs(),
		pages:   layout,
		faults:  map[oauth.Endpoint]*faults.Set{},
		records: newRecords(cfg.Now),
	}
	s.tokens.onEnd = s.records.ended
	for _, e := range Endpoints() {
		s.faults[e] = &faults.Set{}
	}
	s.grants = s.allGrants()
	for _, c := range cfg.Clients {
		if err := s.register(c); err != nil {
			return nil, err
		}
	}
	s.mux = s.routes()
	return s, nil
}
