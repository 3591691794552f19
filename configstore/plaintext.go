package configstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ErrPlaintext means that an endpoint has no TLS and is on another machine, so that
// secrets are not sent there. See [AllowPlaintext].
var ErrPlaintext = errors.New("an endpoint without TLS")

// AllowPlaintext lets s accept endpoints without TLS for a network that is trusted, such
// as that inside a cluster: a server may name such endpoints on host, the backend's own,
// and [Discovery] may ask an issuer that the program names without TLS, and use
// endpoints on that issuer's host. An endpoint without TLS on any other host is refused
// as before, with an error that wraps [ErrPlaintext]. An empty host names none.
//
// It reaches [Discovery] and [Remote] through every store of this package, and through
// those of a program that pass their ctx on.
func AllowPlaintext(s ClientConfigStore, host string) ClientConfigStore {
	return &plaintextAllowed{store: orNothing(s), host: strings.ToLower(host)}
}

type plaintextAllowed struct {
	store ClientConfigStore
	host  string
}

func (p *plaintextAllowed) ClientConfig(ctx context.Context) (ClientConfig, error) {
	return p.store.ClientConfig(p.allow(ctx))
}

func (p *plaintextAllowed) allow(ctx context.Context) context.Context {
	return allowing(ctx, permission{given: true, host: p.host})
}

func (p *plaintextAllowed) Invalidate() { invalidate(p.store) }

// permission is what AllowPlaintext allows.
type permission struct {
	given bool
	host  string
}

// hosts returns the hosts whose endpoints need no TLS. The program itself named issuer;
// nil for none.
func (p permission) hosts(issuer *url.URL) []string {
	if !p.given {
		return nil
	}
	hosts := []string{p.host}
	if issuer != nil {
		hosts = append(hosts, strings.ToLower(issuer.Hostname()))
	}
	return slices.DeleteFunc(hosts, func(h string) bool { return h == "" })
}

type permissionKey struct{}

func allowing(ctx context.Context, p permission) context.Context {
	return context.WithValue(ctx, permissionKey{}, p)
}

func permissionOf(ctx context.Context) permission {
	p, _ := ctx.Value(permissionKey{}).(permission)
	return p
}

// plaintextError says which field has no TLS.
type plaintextError struct{ field, host string }

func (e *plaintextError) Error() string {
	return fmt.Sprintf("%s is plain http to %q; https is needed, http serves loopback addresses only", e.field, e.host)
}

func (*plaintextError) Is(target error) bool { return target == ErrPlaintext }
