package mockserver

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// Store keeps the state of a server: values by bucket and key. A *state.File of package
// mockserver/state is one.
type Store interface {
	// Commit makes all changes or none: changes[bucket][key] is the new value, nil deletes
	// the key. When it returns nil, the changes outlive a crash of the machine.
	Commit(changes map[string]map[string][]byte) error
	// Each calls f for the keys of a bucket that begin with prefix, in their order, until f
	// fails. The value is valid in f only.
	Each(bucket, prefix string, f func(key string, value []byte) error) error
}

// WithState keeps the server's state in store, and starts with what a server before has kept
// there: projects, tasks, triggers, settings, runs with their actions and logs, secrets,
// objects, the keys that sign tokens and URLs, and the hashes of tokens, so that logins and signed URLs outlive the
// server. Close store after the server. By default the state is in memory only.
//
// Before an answer leaves, everything that it has changed or seen is in store; changes by
// methods of Go are there when [Server.Close] has returned. If store fails, the call ends
// with ResourceExhausted (no space) or Internal, the HTTP request with 507 or 500, and what
// could not be written is undone. Runs then stand still until store works again; after a
// restart they go on with the step at which they were.
//
// Ports that the configuration leaves open are those of the server before, if they are
// free; the secret of a client and the password that [WithOAuth] leaves out are the same.
// Not kept are apps, scripts, timelines for future runs, sessions of browsers, the request log,
// the stories of logins ([Server.LoginRecords]) and certificates.
func WithState(store Store) Option {
	return optionFunc(func(c *config) { c.store = store })
}

// newJournal returns the journal of a server with [WithState], else nil.
func (c *config) newJournal() *kept.Journal {
	if c.store == nil {
		return nil
	}
	return kept.NewJournal(c.store)
}

// keep takes over what the store holds, adds the projects of the configuration, and begins
// to keep.
func (s *Server) keep() error {
	if s.journal != nil {
		s.oauth.KeepIn(s.journal)
		s.objects.KeepIn(s.journal)
		s.backend.KeepIn(s.journal)
		if err := s.journal.Start(s.oauth, s.objects, s.backend); err != nil {
			return &Error{Op: "read the state", Err: fmt.Errorf("%w; no version of the mock has written this: use another store", err)}
		}
		if err := s.remember(); err != nil {
			return errors.Join(&Error{Op: "keep the state", Err: err}, s.journal.Close())
		}
	}
	for _, id := range s.cfg.projects {
		if s.backend.HasProject(id) {
			continue // as it was kept
		}
		s.backend.AddProject(backend.Project{ID: id, Name: id})
	}
	if s.journal == nil {
		return nil
	}
	if err := s.journal.Flush(); err != nil {
		_ = s.journal.Close() // it would say the same
		return &Error{Op: "keep the state", Err: err}
	}
	return nil
}

// bucketServer holds one value: what a server remembers of the one before.
const (
	bucketServer  = "server"
	keyRemembered = "remembered"
)

// remembered is what a server with [WithState] takes over where its configuration is open.
type remembered struct {
	GRPC     string `json:"grpc"` // address
	HTTP     string `json:"http"`
	Secret   string `json:"secret"` // that was made
	Password string `json:"password"`
}

// recall completes the configuration from the store.
func (c *config) recall() error {
	if c.store == nil {
		return nil
	}
	err := c.store.Each(bucketServer, keyRemembered, func(_ string, value []byte) error { return json.Unmarshal(value, &c.before) })
	if err != nil {
		return err
	}
	if c.madeSecret && c.before.Secret != "" {
		c.oauth.Clients[0].Secret = c.before.Secret
	}
	if c.madePassword && c.before.Password != "" {
		c.oauth.Accounts[0].Password = c.before.Password
	}
	return nil
}

// remember keeps what the next server takes over.
func (s *Server) remember() error {
	now := remembered{GRPC: s.grpcSide.Address, HTTP: s.httpSide.Address}
	if s.cfg.madeSecret {
		now.Secret = s.ClientSecret()
	}
	if s.cfg.madePassword {
		now.Password = s.Password()
	}
	value, err := json.Marshal(now)
	if err != nil {
		return err
	}
	s.journal.Keep(kept.Change{Bucket: bucketServer, Key: keyRemembered, Value: kept.Bytes(value)})
	return nil
}
