package configstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/internal/endpoint"
)

const (
	// keptTTL is how long what one process found out serves the next.
	keptTTL = 24 * time.Hour
	// maxKept is the largest file that is read.
	maxKept = 1 << 16
	// keptVersion is that of the file's form.
	keptVersion = 1
)

// Disk keeps the answer of s about address, the backend's, in a file for the next
// process, which then needs no request to find out how to log in. The file serves the
// first call of each Disk, for 24 hours after it was written; every later call asks s and
// writes the file again. Wrap it in [Cached]. An answer from the file is marked as Kept,
// and Invalidate deletes the file; auth/flow calls it as [Invalidator] says, and if a
// server that a kept answer names cannot be reached.
//
// Dir is created with mode 0700 if it does not exist, the file has mode 0600. Neither is
// used if it is a symbolic link, belongs to another user or can be written by others.
// The file holds no secret, and what it says is checked as an answer of a server is. An
// empty dir means one in the user's cache directory; then nothing is kept about
// addresses that mean something else on another day: loopback addresses, sockets, and
// targets that a dialer of the program serves. Give a directory of its own to each kind
// of store, and to each set of authorities that are trusted: who can answer for the
// backend in one program decides where the others send their secrets. A file that
// cannot be read or written costs a request and is no error.
func Disk(s ClientConfigStore, address, dir string) ClientConfigStore {
	s = orNothing(s)
	if dir == "" {
		e, err := endpoint.Parse(address)
		if err != nil || e.Local || !strings.HasPrefix(e.Target, "dns:") {
			return s
		}
		caches, err := os.UserCacheDir()
		if err != nil {
			return s
		}
		dir = filepath.Join(caches, "jetway", "discovery")
	}
	sum := sha256.Sum256([]byte(address))
	return &disk{store: s, address: address, dir: dir, file: hex.EncodeToString(sum[:16]) + ".json"}
}

type disk struct {
	store     ClientConfigStore
	address   string
	dir, file string
	clock     clock.Clock
	used      atomic.Bool // the file has served its turn
}

// keptConfig is what the file holds.
type keptConfig struct {
	Version int        `json:"version"`
	Address string     `json:"address"`
	At      time.Time  `json:"at"`
	Config  keptFields `json:"config"`
}

// keptFields is a [ClientConfig] with the names of its fields in the file.
type keptFields struct {
	TokenEndpoint               string   `json:"token_endpoint"`
	AuthorizationEndpoint       string   `json:"authorization_endpoint,omitempty"`
	DeviceAuthorizationEndpoint string   `json:"device_authorization_endpoint,omitempty"`
	RevocationEndpoint          string   `json:"revocation_endpoint,omitempty"`
	RedirectURI                 string   `json:"redirect_uri,omitempty"`
	ClientID                    string   `json:"client_id,omitempty"`
	Scopes                      []string `json:"scopes,omitempty"`
	Audience                    string   `json:"audience,omitempty"`
	HeaderKey                   string   `json:"authorization_metadata_key,omitempty"`
	Issuer                      string   `json:"issuer,omitempty"`
	AuthMethods                 []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	IssRequired                 bool     `json:"authorization_response_iss_parameter_supported,omitempty"`
	Kept                        bool     `json:"-"`
}

func (d *disk) ClientConfig(ctx context.Context) (ClientConfig, error) {
	if err := ctx.Err(); err != nil {
		return ClientConfig{}, &Error{Op: "disk", Err: err}
	}
	if !d.used.Swap(true) {
		if c, ok := d.load(permissionOf(ctx)); ok {
			return c, nil
		}
	}
	c, err := d.store.ClientConfig(ctx)
	if err == nil && c.TokenEndpoint != "" && !c.Kept {
		d.save(c)
	}
	return c, err
}

// Invalidate deletes the file, and forwards to the wrapped store.
func (d *disk) Invalidate() {
	d.used.Store(true)
	if root, err := openPrivate(d.dir, false); err == nil {
		_ = root.Remove(d.file)
		_ = root.Close()
	}
	invalidate(d.store)
}

// load returns what the file says, if that may still be used.
func (d *disk) load(allowed permission) (ClientConfig, bool) {
	root, err := openPrivate(d.dir, false)
	if err != nil {
		return ClientConfig{}, false
	}
	defer func() { _ = root.Close() }()
	body, err := readPrivate(root, d.file)
	if err != nil {
		return ClientConfig{}, false
	}
	c, ok := parseKept(body, d.address, d.clock.Read().Wall())
	if !ok || c.check(allowed.hosts(nil)...) != nil {
		return ClientConfig{}, false
	}
	c.Kept = true
	return c, true
}

// parseKept reads a file's content. It reports false if that is about another address,
// too old, or of a time to come.
func parseKept(body []byte, address string, now time.Time) (ClientConfig, bool) {
	var k keptConfig
	if json.Unmarshal(body, &k) != nil || k.Version != keptVersion || k.Address != address || k.Config.TokenEndpoint == "" {
		return ClientConfig{}, false
	}
	age := now.Sub(k.At)
	return ClientConfig(k.Config), age >= 0 && age < keptTTL
}

// save replaces the file in one step, so that no reader finds half of it.
func (d *disk) save(c ClientConfig) {
	body, err := json.Marshal(keptConfig{keptVersion, d.address, d.clock.Read().Wall().UTC(), keptFields(c)})
	if err != nil {
		return
	}
	root, err := openPrivate(d.dir, true)
	if err != nil {
		return
	}
	defer func() { _ = root.Close() }()
	draft := d.file + "." + rand.Text()
	f, err := root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	_, err = f.Write(body)
	if err = cmp.Or(err, f.Close()); err == nil {
		err = root.Rename(draft, d.file)
	}
	if err != nil {
		_ = root.Remove(draft)
	}
}

// readPrivate reads a file that only its owner can write and read.
func readPrivate(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(), foreign(info), othersMay(info) != 0:
		return nil, os.ErrPermission
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, os.ErrPermission
	}
	return io.ReadAll(io.LimitReader(f, maxKept))
}

// openPrivate opens a directory that no other user can write to.
func openPrivate(path string, create bool) (*os.Root, error) {
	if create {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir(), foreign(info), othersMay(info)&0o022 != 0: // a link is no directory here
		return nil, os.ErrPermission
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if opened, err := root.Stat("."); err != nil || !os.SameFile(info, opened) {
		_ = root.Close()
		return nil, os.ErrPermission
	}
	return root, nil
}
