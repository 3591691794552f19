package interceptors

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
)

const (
	proxyKey     = "proxy-authorization"
	requestIDKey = "x-request-id"

	// longToken is the length, in bytes, from which a header value no longer fits
	// HPACK's dynamic table of 4,096 bytes (RFC 7541 §4.2); HTTP/2 then sends it in full
	// with every call.
	longToken = 4000
)

// headers is the metadata of one pair of credentials. It is prepared once and shared
// by all calls, so it must not change. gRPC does not change it: it reads a context's
// metadata in place when it writes the request, gives copies to interceptors and stats
// handlers, and keeps appended metadata apart.
type headers struct {
	main, proxy *auth.Credentials // what it was prepared from
	accepted    atomic.Bool       // by a server

	credentials metadata.MD // of main and proxy
	all         metadata.MD // the same, and the constant request metadata
}

// replaces reports whether the caller's metadata has a header of the credentials.
func (h *headers) replaces(ctx context.Context) bool {
	for key := range h.credentials {
		if len(metadata.ValueFromOutgoingContext(ctx, key)) > 0 {
			return true
		}
	}
	return false
}

// roomForPairs is how many keys and values together are added without an allocation of
// their own.
const roomForPairs = 16

// add returns ctx with all metadata and the request id, except for keys that the caller has
// set. It copies nothing of the caller's.
func (h *headers) add(ctx context.Context, k *call) context.Context {
	var room [roomForPairs]string
	pairs := room[:0]
	if k.newID {
		pairs = append(pairs, requestIDKey, k.id)
	}
	for key, values := range h.all {
		if _, credential := h.credentials[key]; !credential && len(metadata.ValueFromOutgoingContext(ctx, key)) > 0 {
			continue
		}
		for _, v := range values {
			pairs = append(pairs, key, v)
		}
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

// prepare builds the headers of a pair of credentials, either of which may be
// nil.
func (c *client) prepare(main, proxy *auth.Credentials) (*headers, error) {
	h := &headers{main: main, proxy: proxy, credentials: metadata.MD{}, all: maps.Clone(c.pairs)}
	if k, v := proxy.Header(); k != "" {
		if proxy.HeaderKey == "" {
			k = proxyKey
		}
		h.credentials[k] = []string{v}
	}
	if k, v := main.Header(); k != "" {
		h.credentials[k] = []string{v}
	}
	for k, vs := range h.credentials {
		if err := checkPair(k, vs[0]); err != nil {
			return nil, err
		}
		if len(vs[0]) > longToken {
			c.longTokenWarning.Do(func() {
				c.logger.Warn("a token this long is sent in full with every call, which costs several times the call itself; ask for a shorter one",
					"header", k, "bytes", len(vs[0]))
			})
		}
	}
	maps.Copy(h.all, h.credentials)
	return h, nil
}

// checkPair refuses headers that gRPC would drop silently, or fail with an error that
// does not name the header.
func checkPair(key, value string) error {
	for _, r := range key {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.') {
			return fmt.Errorf("header key %q: only a-z, 0-9, '-', '_' and '.' can be in one", key)
		}
	}
	switch {
	case strings.HasPrefix(key, "grpc-"), key == "content-type", key == "user-agent", key == "te":
		return fmt.Errorf("header key %q belongs to gRPC itself: choose another", key)
	case strings.HasSuffix(key, "-bin"):
		return nil // sent in base64
	}
	for i := range len(value) {
		if b := value[i]; b < 0x20 || b > 0x7e {
			return fmt.Errorf("the value for header %q has a byte that is not printable ASCII at position %d of %d: "+
				"check that the token has no line end or quotes around it", key, i, len(value))
		}
	}
	return nil
}
