package authserver

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Limits of what the records hold: the latest logins, and the latest events of each.
const (
	maxRecords = 256
	maxEvents  = 64
)

// records stores the stories of logins.
type records struct {
	now func() time.Time

	mu      sync.Mutex // taken after that of the registry
	version uint64
	byKey   map[recordKey]*loginRecord
}

// recordKey is a login, or a client without one.
type recordKey struct{ login, client string }

type loginRecord struct {
	oauth.LoginRecord

	changed uint64 // version of its latest event
}

func newRecords(now func() time.Time) *records {
	return &records{now: now, byKey: map[recordKey]*loginRecord{}}
}

// keyOf returns the record that a token of info belongs to.
func keyOf(info tokenInfo) recordKey {
	if info.login != "" {
		return recordKey{login: info.login}
	}
	return recordKey{client: info.client}
}

// note adds an event to the record of info, which it makes if there is none.
func (r *records) note(info tokenInfo, e oauth.LoginEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := keyOf(info)
	record := r.byKey[key]
	if record == nil {
		r.makeRoom()
		record = &loginRecord{LoginRecord: oauth.LoginRecord{ID: info.login, ClientID: info.client, Began: r.now()}}
		r.byKey[key] = record
	}
	record.Subject = cmp.Or(info.subject, record.Subject)
	r.append(record, e)
}

// append needs mu held.
func (r *records) append(record *loginRecord, e oauth.LoginEvent) {
	r.version++
	record.changed = r.version
	e.Time = r.now()
	record.RefreshTokenID = cmp.Or(e.RefreshTokenID, record.RefreshTokenID)
	switch e.Kind {
	case oauth.LoginIssued, oauth.LoginRenewed:
		record.TokenID, record.Expiry, record.Revoked = e.TokenID, e.Expiry, false
	case oauth.LoginExpired:
		record.Expiry = e.Time
	case oauth.LoginRevoked:
		record.Revoked = record.Revoked || e.TokenID == "" || e.TokenID == record.TokenID
	case oauth.LoginApproved, oauth.LoginDenied, oauth.LoginRotated, oauth.LoginRefused:
	}
	if len(record.Events) == maxEvents {
		record.Events = slices.Delete(record.Events, 0, 1)
		record.Dropped++
	}
	record.Events = append(record.Events, e)
}

// makeRoom drops the record whose latest event is the oldest if there are too many. It
// needs mu held.
func (r *records) makeRoom() {
	if len(r.byKey) < maxRecords {
		return
	}
	var oldest recordKey
	first := r.version + 1
	for key, record := range r.byKey {
		if record.changed < first {
			oldest, first = key, record.changed
		}
	}
	delete(r.byKey, oldest)
}

// ended notes that a login was revoked as a whole.
func (r *records) ended(login, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if record := r.byKey[recordKey{login: login}]; record != nil && !record.Ended {
		record.Ended = true
		r.append(record, oauth.LoginEvent{Kind: oauth.LoginRevoked, Reason: reason})
	}
}

// all adds an event to every record for which change returns true.
func (r *records) all(kind oauth.LoginEventKind, reason string, change func(*oauth.LoginRecord) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range r.byKey {
		if change(&record.LoginRecord) {
			r.append(record, oauth.LoginEvent{Kind: kind, TokenID: record.TokenID, Reason: reason})
		}
	}
}

// endAll notes that every login was revoked as a whole; a client without a login only loses
// its access token.
func (r *records) endAll(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, record := range r.byKey {
		if record.Ended || key.login == "" && (record.TokenID == "" || record.Revoked) {
			continue
		}
		record.Ended, record.Revoked = key.login != "", true
		e := oauth.LoginEvent{Kind: oauth.LoginRevoked, Reason: reason}
		if !record.Ended {
			e.TokenID = record.TokenID
		}
		r.append(record, e)
	}
}

// LoginRecords returns the stories of the latest 256 logins, the one with the latest event
// first.
func (s *Server) LoginRecords() []oauth.LoginRecord {
	r := s.records
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*loginRecord, 0, len(r.byKey))
	for _, record := range r.byKey {
		list = append(list, record)
	}
	slices.SortFunc(list, func(a, b *loginRecord) int { return cmp.Compare(b.changed, a.changed) })
	out := make([]oauth.LoginRecord, len(list))
	for i, record := range list {
		out[i] = record.LoginRecord
		out[i].Events = slices.Clone(record.Events)
	}
	return out
}

// LoginVersion returns a number that grows with every event in [Server.LoginRecords].
func (s *Server) LoginVersion() uint64 {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	return s.records.version
}
