package backend

import (
	"regexp"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// A rule reports what is wrong with m, the message at path.
type rule func(vs *violations, path string, m protoreflect.Message)

// noSuchField is the violation of a rule that names a field its message does not have.
const noSuchField = "is not a field of this message: the rule is wrong"

// each checks the values of the fields with these names. A scalar without presence is
// always checked; other fields only if they are set, since required is a rule of its
// own.
func each(names []protoreflect.Name, check func(protoreflect.Value) string) rule {
	return func(vs *violations, path string, m protoreflect.Message) {
		for _, name := range names {
			f := m.Descriptor().Fields().ByName(name)
			if f == nil {
				vs.addf(join(path, string(name)), noSuchField)
				continue
			}
			if f.HasPresence() && !m.Has(f) {
				continue
			}
			if wrong := check(m.Get(f)); wrong != "" {
				vs.addf(join(path, string(name)), "%s", wrong)
			}
		}
	}
}

// required requires the messages or oneofs with these names.
func required(names ...protoreflect.Name) rule {
	return func(vs *violations, path string, m protoreflect.Message) {
		for _, name := range names {
			at := join(path, string(name))
			f, of := m.Descriptor().Fields().ByName(name), m.Descriptor().Oneofs().ByName(name)
			switch {
			case of != nil:
				if m.WhichOneof(of) == nil {
					vs.addf(at, "is required: set one of its fields")
				}
			case f == nil:
				vs.addf(at, noSuchField)
			case !m.Has(f):
				vs.addf(at, "is required")
			}
		}
	}
}

// text requires a field's length between low and high, in characters; a high of 0 is no
// bound.
func text(low, high int, names ...protoreflect.Name) rule {
	return each(names, func(v protoreflect.Value) string {
		n := utf8.RuneCountInString(v.String())
		switch {
		case n < low:
			return "must be at least " + decimal(low) + " characters long, is " + decimal(n)
		case high > 0 && n > high:
			return "must be at most " + decimal(high) + " characters long, is " + decimal(n)
		}
		return ""
	})
}

// shaped requires a text that matches expr, which is not anchored.
func shaped(expr string, names ...protoreflect.Name) rule {
	re := regexp.MustCompile(expr)
	return each(names, func(v protoreflect.Value) string {
		if re.MatchString(v.String()) {
			return ""
		}
		return "must match " + expr
	})
}

// nonZero requires an enum other than its zero value, or a number over 0.
func nonZero(names ...protoreflect.Name) rule {
	return each(names, func(v protoreflect.Value) string {
		zero := false
		switch n := v.Interface().(type) {
		case protoreflect.EnumNumber:
			zero = n == 0
		case uint32:
			zero = n == 0
		}
		if zero {
			return "must not be 0 or unspecified"
		}
		return ""
	})
}

// length requires exactly n bytes.
func length(n int, names ...protoreflect.Name) rule {
	return each(names, func(v protoreflect.Value) string {
		if have := len(v.Bytes()); have != n {
			return "must be exactly " + decimal(n) + " bytes, is " + decimal(have)
		}
		return ""
	})
}
