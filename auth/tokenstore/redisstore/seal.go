package redisstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/jetway-go/jetway/auth"
)

// entry is an opened record.
type entry struct {
	*record
	key   auth.Key          // which the sealed text names
	login *auth.Credentials // nil unless the record is a login
	later error             // why a login that a later version of jetway wrote cannot be read
}

// seal fills in what is missing in r, and seals the login c of k, or k alone where c is nil.
func (s *Store) seal(ctx context.Context, p place, r *record, c *auth.Credentials) (*record, error) {
	id, aead, err := s.keys.sealing(ctx)
	if err != nil {
		return nil, err
	}
	var text []byte
	if r.kind == isLogin {
		text, err = auth.Encode(p.key, c)
	} else {
		text, err = json.Marshal(p.key)
	}
	if err != nil {
		return nil, err
	}
	sealed := *r
	sealed.keyID = id
	header := sealed.header()
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails
	sealed.raw = make([]byte, 0, len(header)+nonceSize+len(text)+tagSize)
	sealed.raw = append(append(sealed.raw, header...), nonce...)
	sealed.raw = aead.Seal(sealed.raw, nonce, text, bound(p.group, p.field, header))
	return &sealed, nil
}

// open opens what Redis has in the given field of the group, nil if that is nothing.
func (s *Store) open(ctx context.Context, group, field string, raw []byte) (*entry, error) {
	if len(raw) == 0 {
		return nil, nil //nolint:nilnil // nothing is there
	}
	r, err := parseRecord(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	aead, err := s.keys.opening(ctx, r.keyID)
	if err != nil {
		return nil, err
	}
	header := raw[:fixedHeader+len(r.keyID)]
	nonce, sealed := raw[len(header):len(header)+nonceSize], raw[len(header)+nonceSize:]
	text, err := aead.Open(nil, nonce, sealed, bound(group, field, header))
	if err != nil {
		return nil, fmt.Errorf("%w: the key %q does not fit, or the value was changed or moved", ErrUnreadable, r.keyID)
	}
	e := &entry{record: r}
	if r.kind != isLogin {
		if err := json.Unmarshal(text, &e.key); err != nil {
			return nil, fmt.Errorf("%w: what is sealed names no login", ErrUnreadable)
		}
		return e, nil
	}
	if e.key, e.login, err = auth.Decode(text); err != nil {
		e.later = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return e, nil
}

// bound is the associated data: a record opens only where it was sealed for.
func bound(group, field string, header []byte) []byte {
	b := append([]byte(nil), header...)
	b = append(b, group...)
	b = append(b, 0)
	return append(b, field...)
}
