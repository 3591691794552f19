package httprule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/jetway-go/jetway/internal/fault"
)

// answer is what the server, or a proxy, answered.
type answer struct {
	*http.Response
	body  []byte // what was read of it
	query string // that of the request: not to be shown
}

// isPage reports whether the answer is a web page.
func (a answer) isPage() bool {
	return strings.HasPrefix(strings.ToLower(a.Header.Get("Content-Type")), "text/html") || bytes.HasPrefix(a.body, []byte("<"))
}

// quote returns the beginning of the body as an error may show it.
func (a answer) quote(limit int) string {
	const growth = 6 // times that escaping can make a query longer
	margin := growth * len(a.query)
	window := a.body[:min(len(a.body), 4*limit+2*margin)]
	said := withoutQuery(string(window), a.query)
	if len(window) < len(a.body) { // it may end in a part of the query
		said = said[:max(0, len(said)-margin)]
	}
	return fault.Foreign(linkQuery.ReplaceAllString(said, "$1?…"), limit)
}

// linkQuery finds a URL with a query: that of a login page has its state or its code.
var linkQuery = regexp.MustCompile(`(/[^\s"'<>?]*)\?[^\s"'<>]+`)

// decode reads an answer with status 2xx into out.
func (b *binding) decode(got answer, out proto.Message, strict bool) error {
	proto.Reset(out)
	body := got.body
	m := out.ProtoReflect()
	if target := b.rawTarget(m); target != nil {
		fields := target.Descriptor().Fields()
		target.Set(fields.ByName("content_type"), protoreflect.ValueOfString(strings.ToValidUTF8(got.Header.Get("Content-Type"), "")))
		target.Set(fields.ByName("data"), protoreflect.ValueOfBytes(body))
		return nil
	}
	body = bytes.TrimSpace(body)
	got.body = body
	switch {
	case got.StatusCode == http.StatusNoContent, b.verb == http.MethodHead:
		return nil
	case got.isPage():
		return coded(codes.Unknown, fmt.Errorf("the answer is a web page, not JSON; a proxy may want a login, or the base may be wrong: %s",
			got.quote(maxPage)))
	case len(body) == 0 && m.Descriptor().Fields().Len() == 0:
		return nil
	case len(body) == 0:
		return coded(codes.Unknown, fmt.Errorf("the answer, HTTP %d, is empty, not JSON of %s",
			got.StatusCode, m.Descriptor().FullName()))
	}
	if b.response != "" {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(b.response))
		if f == nil {
			return coded(codes.Internal, fmt.Errorf("response_body of the rule: %s has no field %q", m.Descriptor().FullName(), b.response))
		}
		if !json.Valid(body) { // or it could bring other fields with it
			return coded(codes.Unknown, fmt.Errorf("the answer is not JSON: %s", got.quote(maxPage)))
		}
		if f.Kind() == protoreflect.BytesKind && !f.IsList() && string(body) == "[]" {
			body = []byte(`""`) // a grpc-gateway's form of no bytes
		}
		body = fmt.Appendf(nil, "{%q:%s}", f.Name(), body)
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: !strict}).Unmarshal(body, out); err != nil {
		proto.Reset(out)
		return coded(codes.Unknown, fmt.Errorf("the answer cannot be read as %s: %w", m.Descriptor().FullName(),
			errors.New(fault.Foreign(withoutQuery(err.Error(), got.query), fault.MaxForeign))))
	}
	return nil
}

// rawTarget returns the google.api.HttpBody that takes the answer as it is; nil for none.
func (b *binding) rawTarget(m protoreflect.Message) protoreflect.Message {
	if b.response == "" {
		if m.Descriptor().FullName() == httpBody {
			return m
		}
		return nil
	}
	f := m.Descriptor().Fields().ByName(protoreflect.Name(b.response))
	if f == nil || f.Cardinality() == protoreflect.Repeated || f.Message() == nil || f.Message().FullName() != httpBody {
		return nil
	}
	return m.Mutable(f).Message()
}
