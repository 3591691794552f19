package authserver

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
	"github.com/jetway-go/jetway/mockserver/internal/signed"
)

// The buckets of what is kept. Tokens and codes are known by their hashes there too.
const (
	bucketKeys       = "keys"
	bucketAccess     = "access tokens"
	bucketRefresh    = "refresh tokens"
	bucketEnded      = "ended logins"
	bucketCodes      = "authorization codes"
	bucketDevices    = "devices"
	bucketAssertions = "client assertions"
)

// keySigning is the key, in bucketKeys, of the key that signs tokens.
const keySigning = "tokens"

// KeepIn makes the server report its changes to k. It must be called before the first
// request, and [Server.Restore] after it. The sessions of browsers are not kept.
func (s *Server) KeepIn(k kept.Keeper) {
	s.keeper = k
	s.tokens.keeper, s.codes.keeper, s.devices.keeper, s.proofs.keeper = k, k, k, k
}

// Restore takes over the signing key, tokens, codes and devices of a store.
func (s *Server) Restore(from kept.View) error {
	if err := s.restoreKey(from); err != nil {
		return err
	}
	for _, part := range []func(kept.View) error{s.tokens.restore, s.codes.restore, s.devices.restore, s.proofs.restore} {
		if err := part(from); err != nil {
			return err
		}
	}
	return nil
}

// restoreKey keeps the fresh key if there is none yet. Later it changes nothing: the key
// is written before the first request.
func (s *Server) restoreKey(from kept.View) error {
	if _, all := from.Stale(bucketKeys); !all {
		return nil
	}
	found := false
	err := from.Each(bucketKeys, keySigning, func(_ string, value []byte) (err error) {
		found = true
		s.key, err = signed.ReadKey(value)
		return err
	})
	if err != nil {
		return fmt.Errorf("the kept key that signs tokens: %w", err)
	}
	if found {
		return nil
	}
	raw, err := s.key.Marshal()
	if err != nil {
		return err
	}
	s.keeper.Keep(kept.Change{Bucket: bucketKeys, Key: keySigning, Value: kept.Bytes(raw)})
	return nil
}

// keptInfo is a tokenInfo as it is kept; the records below are those of tokens, codes and
// devices. Empty fields are left out.
type keptInfo struct {
	Subject  string         `json:",omitempty"`
	Client   string         `json:",omitempty"`
	Scopes   []string       `json:",omitempty"`
	Audience []string       `json:",omitempty"`
	Claims   map[string]any `json:",omitempty"`
	Login    string         `json:",omitempty"`
}

func keep(i tokenInfo) keptInfo {
	return keptInfo{Subject: i.subject, Client: i.client, Scopes: i.scopes, Audience: i.audience, Claims: i.claims, Login: i.login}
}

func (i keptInfo) info() tokenInfo {
	return tokenInfo{subject: i.Subject, client: i.Client, scopes: i.Scopes, audience: i.Audience, claims: i.Claims, login: i.Login}
}

type keptAccess struct {
	keptInfo

	Expiry  time.Time
	Revoked bool `json:",omitempty"`
}

type keptRefresh struct {
	keptInfo

	Used    bool `json:",omitempty"`
	UsedAt  time.Time
	Revoked bool `json:",omitempty"`
}

type keptCode struct {
	keptInfo

	Redirect, Challenge string
	Expiry              time.Time
	Used                bool `json:",omitempty"`
}

type keptDevice struct {
	keptInfo

	UserCode, Challenge string
	Number              int
	Expiry              time.Time
	Interval            time.Duration
	Polled              time.Time
	Decision            decision
}

func (d digest) key() string { return hex.EncodeToString(d[:]) }

func readDigest(key string) (d digest, err error) {
	raw, err := hex.DecodeString(key)
	if err != nil || len(raw) != len(d) {
		return d, fmt.Errorf("%q is no hash of a token", key)
	}
	copy(d[:], raw)
	return d, nil
}

// put is the change to a record. Every record has an encoding, since claims are JSON values:
// see [Server.mint].
func put(bucket string, d digest, record any) kept.Change {
	return kept.Change{Bucket: bucket, Key: d.key(), Value: func() []byte {
		value, err := json.Marshal(record)
		if err != nil {
			return nil
		}
		return value
	}}
}

func drop(bucket string, d digest) kept.Change { return kept.Change{Bucket: bucket, Key: d.key()} }

// take calls set with each stale record, or drop with the key of one that is gone.
func take[R any](from kept.View, bucket string, set func(digest, R), drop func(digest)) error {
	return kept.Take(from, bucket, func(key string, value []byte) error {
		d, err := readDigest(key)
		if err != nil {
			return fmt.Errorf("%s: %w", bucket, err)
		}
		if value == nil {
			drop(d)
			return nil
		}
		var r R
		if err := json.Unmarshal(value, &r); err != nil {
			return fmt.Errorf("%s: %s: %w", bucket, key, err)
		}
		set(d, r)
		return nil
	})
}
