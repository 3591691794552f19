package interceptors

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
)

const (
	proxyKey     = "proxy-authorization"
	requestIDKey = "x-request-id"

	// longToken is where a header value no longer fits HPACK's dynamic table of
	// 4,096 bytes (RFC 7541 §4.2) and is sent in full with every call.
	longToken = 4000
)

// headers is what one pair of credentials adds to every call, prepared once. It
// is immutable.
type headers struct {
	main, proxy *auth.Credentials // what it was prepared from

	credentials metadata.MD // theirs alone
	pairs       []string    // theirs and the constant pairs, key after value
	key, out    any         // the same again, as a context would hold it; out is nil when there are none
}

// prepare builds the headers of a pair of credentials, either of which may be
// nil.
func (c *client) prepare(ctx context.Context, main, proxy *auth.Credentials) (*headers, error) {
	h := &headers{main: main, proxy: proxy, key: c.key, credentials: metadata.MD{}}
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
	md := maps.Clone(c.pairs)
	maps.Copy(md, h.credentials)
	for k, vs := range md {
		for _, v := range vs {
			h.pairs = append(h.pairs, k, v)
		}
	}
	if c.key != nil && len(md) > 0 {
		h.out = metadata.NewOutgoingContext(ctx, md).Value(c.key) // holds nothing of ctx
	}
	return h, nil
}

// checkPair refuses what gRPC would drop in silence or fail with an error that
// does not say whose header it was.
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
