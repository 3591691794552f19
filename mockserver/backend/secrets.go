package backend

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// secretKey identifies a secret in its scope: global, a domain, or a project in a domain.
// The same name in two scopes is two secrets.
type secretKey struct{ domain, project, name string }

func (k secretKey) compare(o secretKey) int {
	return cmp.Or(strings.Compare(k.domain, o.domain), strings.Compare(k.project, o.project), strings.Compare(k.name, o.name))
}

type secret struct {
	value   []byte // never sent to a client
	created time.Time
}

// secrets holds the secrets by scope and name. Guarded by Backend.mu.
type secrets struct {
	keeper kept.Keeper
	rows   map[secretKey]secret
}

func newSecrets() *secrets { return &secrets{keeper: kept.Off{}, rows: map[secretKey]secret{}} }

func (s *secrets) set(key secretKey, row secret) {
	s.rows[key] = row
	s.keeper.Keep(row.change(key))
}

func (s *secrets) remove(key secretKey) {
	delete(s.rows, key)
	s.keeper.Keep(kept.Change{Bucket: bucketSecrets, Key: key.kept()})
}

// scoped returns the keys of a scope in order. No domain means every scope; a
// domain's scope has the secrets of its projects in it.
func (s *secrets) scoped(domain, project string) []secretKey {
	keys := slices.SortedFunc(maps.Keys(s.rows), secretKey.compare)
	return slices.DeleteFunc(keys, func(k secretKey) bool {
		return (domain != "" && k.domain != domain) || (project != "" && k.project != project)
	})
}

// SecretValue returns the value of a secret, for tests; no service returns it. A global
// secret has neither domain nor project. False means that there is no such secret.
func (b *Backend) SecretValue(domain, project, name string) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	row, ok := b.secrets.rows[secretKey{domain, project, name}]
	return slices.Clone(row.value), ok
}

// secretValue reads the value of a spec; false if it has none.
func secretValue(spec *secretpb.SecretSpec) ([]byte, bool) {
	switch v := spec.GetValue().(type) {
	case *secretpb.SecretSpec_StringValue:
		return []byte(v.StringValue), true
	case *secretpb.SecretSpec_BinaryValue:
		return slices.Clone(v.BinaryValue), true
	default:
		return nil, false
	}
}

// secretToken returns an opaque page token of the last key on the page, so that secrets
// created or deleted between two pages do no harm.
func secretToken(k secretKey) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{"v1", k.domain, k.project, k.name}, "\x00")))
}

func parseSecretToken(token string) (secretKey, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	parts := strings.Split(string(raw), "\x00")
	if err != nil || len(parts) != 4 || parts[0] != "v1" {
		return secretKey{}, false
	}
	return secretKey{domain: parts[1], project: parts[2], name: parts[3]}, true
}
