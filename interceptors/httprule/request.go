package httprule

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	typeJSON = "application/json"
	httpBody = "google.api.HttpBody" // a message whose data is the body itself
)

// request makes the HTTP request of a call.
func (c *conn) request(ctx context.Context, b *binding, in proto.Message) (*http.Request, error) {
	m := in.ProtoReflect()
	if name := m.Descriptor().FullName(); name != b.input {
		return nil, coded(codes.Internal, fmt.Errorf("the request is a %s, but the method takes %s", name, b.input))
	}
	path, err := b.expand(m)
	if err != nil {
		return nil, coded(codes.InvalidArgument, err)
	}
	params, err := b.query(m, c.config.camel)
	if err != nil {
		return nil, coded(codes.InvalidArgument, err)
	}
	body, contentType, err := c.content(b, m)
	if err != nil {
		return nil, coded(codes.InvalidArgument, err)
	}
	u, err := url.Parse(c.base + path)
	if err != nil {
		return nil, coded(codes.Internal, fmt.Errorf("the path of the rule makes no URL with the base %s", c.base))
	}
	u.RawQuery = params.Encode()
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, b.verb, u.String(), reader)
	if err != nil {
		return nil, coded(codes.Internal, fmt.Errorf("verb %q of the rule: not one of HTTP", b.verb))
	}
	if err := c.setHeader(ctx, r.Header); err != nil {
		return nil, coded(codes.InvalidArgument, err)
	}
	r.Header.Set("Accept", typeJSON)
	if b.body != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r, nil
}

// expand returns the path for a request, escaped.
func (b *binding) expand(m protoreflect.Message) (string, error) {
	var path strings.Builder
	for _, s := range b.path.segments {
		part := s.literal
		if s.field != nil {
			value, err := fieldText(m, s.field)
			if err == nil {
				part, err = s.expand(value)
			}
			if err != nil {
				return "", fmt.Errorf("field %s is part of the URL's path and cannot be sent: %w", strings.Join(s.field, "."), err)
			}
		}
		path.WriteString("/" + part)
	}
	return path.String() + b.path.verb, nil
}

// query returns the parameters for a request.
func (b *binding) query(m protoreflect.Message, camel bool) (url.Values, error) {
	q := query{values: url.Values{}, elsewhere: map[string]bool{b.body: true}, camel: camel}
	if b.body == all {
		return q.values, nil
	}
	for _, s := range b.path.segments {
		q.elsewhere[strings.Join(s.field, ".")] = true
	}
	return q.values, q.add(m, "", "")
}

// content returns the body of a request and its type; nil for none.
func (c *conn) content(b *binding, m protoreflect.Message) ([]byte, string, error) {
	if b.body == "" {
		return nil, "", nil
	}
	opts := protojson.MarshalOptions{UseProtoNames: !c.config.camel}
	if b.body != all {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(b.body))
		switch {
		case !m.Has(f):
			return nil, typeJSON, nil
		case f.Message() == nil || f.Cardinality() == protoreflect.Repeated:
			raw, err := bareValue(m, f, opts)
			return raw, typeJSON, err
		}
		m = m.Get(f).Message()
	} else if m.Descriptor().FullName() != httpBody {
		m = b.withoutPath(m)
	}
	if m.Descriptor().FullName() == httpBody && !c.config.fileAsJSON {
		fields := m.Descriptor().Fields()
		return m.Get(fields.ByName("data")).Bytes(), m.Get(fields.ByName("content_type")).String(), nil
	}
	raw, err := opts.Marshal(m.Interface())
	return raw, typeJSON, err
}

// withoutPath returns m without the fields that the path has: a rule with body "*" sends
// those once.
func (b *binding) withoutPath(m protoreflect.Message) protoreflect.Message {
	copied := false
	for _, s := range b.path.segments {
		if s.field == nil {
			continue
		}
		if !copied {
			m, copied = proto.Clone(m.Interface()).ProtoReflect(), true
		}
		clearField(m, s.field)
	}
	return m
}

func clearField(m protoreflect.Message, path []string) {
	for i, name := range path {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if f == nil || !m.Has(f) {
			return
		}
		if i == len(path)-1 {
			m.Clear(f)
			return
		}
		m = m.Mutable(f).Message()
	}
}
