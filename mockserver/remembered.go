package mockserver

import (
	"encoding/json"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

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
