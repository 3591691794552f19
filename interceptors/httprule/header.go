package httprule

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"google.golang.org/grpc/metadata"
)

const (
	prefixHeader  = "Grpc-Metadata-"
	prefixTrailer = "Grpc-Trailer-"
	suffixBinary  = "-bin"
)

// HeaderName is where a grpc-gateway with default settings expects the metadata of a key:
// "Grpc-Metadata-" and the key. Credentials have the names that HTTP has for them:
// authorization, proxy-authorization and cookie.
func HeaderName(key string) string {
	switch key {
	case "authorization", "proxy-authorization", "cookie":
		return http.CanonicalHeaderKey(key)
	default:
		return prefixHeader + key
	}
}

// setHeader sets what the context has for the server: metadata and deadline.
func (c *conn) setHeader(ctx context.Context, h http.Header) error {
	md, _ := metadata.FromOutgoingContext(ctx)
	for key, values := range md {
		name := c.config.header(key)
		if name == "" || isReserved(strings.TrimPrefix(strings.ToLower(name), strings.ToLower(prefixHeader))) {
			continue
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("metadata %q: its name cannot be that of an HTTP header", key)
		}
		for _, value := range values {
			if strings.HasSuffix(key, suffixBinary) {
				value = base64.RawStdEncoding.EncodeToString([]byte(value))
			}
			if !httpguts.ValidHeaderFieldValue(value) {
				return fmt.Errorf("metadata %q: its value has a character that HTTP headers cannot have", key)
			}
			h.Add(name, value)
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		h.Set("Grpc-Timeout", timeoutText(time.Until(deadline)))
	}
	return nil
}

// isReserved reports whether a key is part of the protocols themselves.
func isReserved(key string) bool {
	if strings.HasPrefix(key, ":") || strings.HasPrefix(key, "grpc-") {
		return true
	}
	switch key {
	case "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "host", "te",
		"trailer", "transfer-encoding", "upgrade", "user-agent":
		return true
	default:
		return false
	}
}

// timeoutText is a duration as gRPC sends it: at most eight digits and a unit.
func timeoutText(d time.Duration) string {
	const most = 99999999
	if d <= 0 {
		return "1m"
	}
	if ms := int64((d + time.Millisecond - 1) / time.Millisecond); ms <= most {
		return strconv.FormatInt(ms, 10) + "m"
	}
	return strconv.FormatInt(min(int64(d/time.Second), most), 10) + "S"
}

// headerOf returns the headers of an answer as grpc.Header shows them, and trailerOf its
// trailers, wherever the gateway put those.
func headerOf(h http.Header) metadata.MD {
	md := metadata.MD{}
	for name, values := range h {
		if name == "Set-Cookie" || strings.HasPrefix(name, prefixTrailer) {
			continue
		}
		add(md, strings.TrimPrefix(name, prefixHeader), values)
	}
	return md
}

func trailerOf(sets ...http.Header) metadata.MD {
	md := metadata.MD{}
	for _, h := range sets {
		for name, values := range h {
			if key, ok := strings.CutPrefix(name, prefixTrailer); ok {
				add(md, key, values)
			}
		}
	}
	return md
}

func add(md metadata.MD, name string, values []string) {
	key := strings.ToLower(name)
	for _, value := range values {
		if strings.HasSuffix(key, suffixBinary) {
			if raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "=")); err == nil {
				value = string(raw)
			}
		}
		md.Append(key, value)
	}
}
