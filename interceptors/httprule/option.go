package httprule

import (
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// DefaultMaxAnswer is how many bytes an answer may have, unless [WithMaxAnswer] says else.
const DefaultMaxAnswer = 64 << 20

// Resolver finds descriptors by full name, as [protoregistry.Files] does.
type Resolver interface {
	FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error)
}

// Option changes what [New] makes. If an option is given several times the last one counts,
// except for [WithRule], which is about one method.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	files      Resolver
	rules      map[string]*annotations.HttpRule
	camel      bool
	strict     bool
	maxAnswer  int
	fileAsJSON bool
	header     func(key string) string
}

func newConfig(opts []Option) config {
	c := config{
		files: protoregistry.GlobalFiles, rules: map[string]*annotations.HttpRule{},
		maxAnswer: DefaultMaxAnswer, header: HeaderName,
	}
	for _, o := range opts {
		o.apply(&c)
	}
	return c
}

// WithResolver says where the descriptors of services are found; the default is those that
// are linked into the program. A service that it does not have is looked for in the file of
// the request's message.
func WithResolver(files Resolver) Option {
	return option(func(c *config) { c.files = files })
}

// WithRule gives the method "/package.Service/Method" a rule, in place of the one in its
// descriptor: for stubs without the google.api.http option.
func WithRule(method string, rule *annotations.HttpRule) Option {
	return option(func(c *config) { c.rules[method] = rule })
}

// WithJSONNames sends fields by their JSON names (displayName), in bodies and queries. The
// default is the names in the proto file (display_name). Gateways take both.
func WithJSONNames() Option {
	return option(func(c *config) { c.camel = true })
}

// WithStrict makes an answer with a field that the message does not have an error. By
// default such fields, and unknown names of enums, are ignored, so that a newer server can be
// called.
func WithStrict() Option {
	return option(func(c *config) { c.strict = true })
}

// WithMaxAnswer sets how many bytes an answer may have after decompression; a larger one is
// ResourceExhausted. For one call, grpc.MaxCallRecvMsgSize does so. Zero or less means
// [DefaultMaxAnswer].
func WithMaxAnswer(bytes int) Option {
	return option(func(c *config) {
		c.maxAnswer = bytes
		if bytes <= 0 {
			c.maxAnswer = DefaultMaxAnswer
		}
	})
}

// WithHeaderName says in which header the metadata of a key, in lower case, is sent; empty
// means not at all. The default is [HeaderName].
func WithHeaderName(name func(key string) string) Option {
	return option(func(c *config) { c.header = name })
}

// WithHTTPBodyAsJSON sends a google.api.HttpBody in a request as JSON of that message, with
// its data in base64, which is what a grpc-gateway reads. The default is its data as it is,
// as the type's documentation says and Google's servers read it. In answers it is the data
// as it is in either case.
func WithHTTPBodyAsJSON() Option {
	return option(func(c *config) { c.fileAsJSON = true })
}
