package authserver

import (
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// memo keeps what is reported, by bucket and key.
type memo map[string]map[string]string

func (m memo) Keep(changes ...kept.Change) {
	for _, c := range changes {
		if m[c.Bucket] == nil {
			m[c.Bucket] = map[string]string{}
		}
		if c.Value == nil {
			delete(m[c.Bucket], c.Key)
			continue
		}
		m[c.Bucket][c.Key] = string(c.Value())
	}
}

func (memo) Ready() <-chan struct{} { return nil }

func (m memo) Each(bucket, prefix string, f func(string, []byte) error) error {
	for _, key := range slices.Sorted(maps.Keys(m[bucket])) {
		if strings.HasPrefix(key, prefix) {
			if err := f(key, []byte(m[bucket][key])); err != nil {
				return err
			}
		}
	}
	return nil
}

// losing notes the keys of what is deleted, too.
type losing struct{ memo }

func (l losing) Keep(changes ...kept.Change) {
	for i := range changes {
		if changes[i].Value == nil {
			changes[i].Value = kept.Bytes(nil)
		}
	}
	l.memo.Keep(changes...)
}

// start is a view of everything; undo one of the keys of another memo.
type start struct{ memo }

func (start) Stale(string) ([]string, bool) { return nil, true }

type undo struct{ memo, stale memo }

func (u undo) Each(bucket, prefix string, f func(string, []byte) error) error {
	return u.memo.Each(bucket, prefix, f)
}

func (u undo) Stale(bucket string) ([]string, bool) {
	return slices.Collect(maps.Keys(u.stale[bucket])), false
}

func keptServer(t *testing.T, m memo) *Server {
	t.Helper()
	s, err := New(oauth.Config{Issuer: "http://127.0.0.1:1", Now: func() time.Time { return time.Unix(1_800_000_000, 5) }})
	if err != nil {
		t.Fatal(err)
	}
	s.KeepIn(m)
	if err := s.Restore(start{m}); err != nil {
		t.Fatal(err)
	}
	return s
}

// use makes one of everything that is kept, in every state, and returns its secrets.
func use(t *testing.T, s *Server, prefix string) (tokens []string) {
	t.Helper()
	now := s.cfg.Now()
	for _, login := range []string{prefix + "one", prefix + "two", ""} {
		info := tokenInfo{
			subject: "s", client: "c", scopes: []string{"a", "b"}, audience: []string{"x"}, login: login,
			claims: map[string]any{"n": "text", "list": []any{true}},
		}
		out, perr := s.mint(info, time.Hour)
		if perr != nil {
			t.Fatal(perr)
		}
		first := s.tokens.addRefresh(info)
		next, ok := s.tokens.rotate(first, moment{now: now}, successor{access: "at_" + rand.Text(), info: info, login: info, expiry: now.Add(time.Hour)})
		if !ok {
			t.Fatal("not rotated")
		}
		tokens = append(tokens, out.access, first, next)
	}
	s.tokens.endLogin(prefix+"two", byScript)
	s.tokens.revoke(tokens[0], "c")
	for _, used := range []bool{false, true} {
		code := s.codes.add(codeRecord{tokenInfo: tokenInfo{client: "c"}, redirect: "r", challenge: "h", expiry: now.Add(time.Minute)}, now)
		if used {
			s.codes.use(code)
		}
		tokens = append(tokens, code)
	}
	for i := range 3 {
		code, userCode, _ := s.devices.add(deviceRecord{
			tokenInfo: tokenInfo{client: "c"}, challenge: "h", expiry: now.Add(time.Minute), interval: time.Second,
		}, now)
		if i == 1 {
			s.devices.decide(userCode, approved, func(i tokenInfo) tokenInfo { i.subject = "u"; return i }, now)
		}
		if i == 2 {
			_, _ = s.devices.poll(code, "c", form{}, now, false)
		}
		tokens = append(tokens, code)
	}
	s.proofs.first("c jti", now.Add(time.Minute), now)
	return tokens
}

func same(t *testing.T, got, want *Server) {
	t.Helper()
	opts := cmp.Options{cmp.AllowUnexported(
		accessRecord{}, refreshRecord{}, codeRecord{}, deviceRecord{}, tokenInfo{},
	), cmp.Comparer(time.Time.Equal)}
	for name, pair := range map[string][2]any{
		"access":  {want.tokens.access, got.tokens.access},
		"refresh": {want.tokens.refresh, got.tokens.refresh},
		"ended":   {want.tokens.ended, got.tokens.ended},
		"codes":   {want.codes.byID, got.codes.byID},
		"devices": {want.devices.byCode, got.devices.byCode},
		"shown":   {want.devices.byUser, got.devices.byUser},
		"order":   {want.devices.order, got.devices.order},
		"proofs":  {want.proofs.seen, got.proofs.seen},
		"key":     {want.key.Set().Keys[0].KeyID, got.key.Set().Keys[0].KeyID},
	} {
		if diff := cmp.Diff(pair[0], pair[1], opts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestARestoredServerKnowsWhatTheOneBeforeKnew(t *testing.T) {
	t.Parallel()
	m := memo{}
	first := keptServer(t, m)
	secrets := use(t, first, "")

	second := keptServer(t, m)

	same(t, second, first)
	for bucket, values := range m {
		for key, value := range values {
			for _, secret := range secrets {
				if strings.Contains(key+value, secret) {
					t.Errorf("%s: %s holds a token or a code in clear", bucket, key)
				}
			}
		}
	}
	if second.proofs.first("c jti", second.cfg.Now().Add(time.Minute), second.cfg.Now()) {
		t.Error("an assertion was accepted twice")
	}
}

// What is undone leaves the server as it was before.
func TestUndoneChangesAreGone(t *testing.T) {
	t.Parallel()
	m := memo{}
	s := keptServer(t, m)
	use(t, s, "")
	before := memo{}
	for bucket, values := range m {
		before[bucket] = maps.Clone(values)
	}
	failed := losing{memo{}}
	s.KeepIn(failed)
	use(t, s, "then ")
	s.tokens.endLogin("one", byScript)
	s.ExpireTokens()
	s.RevokeLogins()
	for _, d := range s.PendingDevices() {
		if err := s.DenyDevice(d.UserCode); err != nil {
			t.Fatal(err)
		}
	}

	if err := s.Restore(undo{memo: before, stale: failed.memo}); err != nil {
		t.Fatal(err)
	}

	same(t, s, keptServer(t, before))
}
