package values

import (
	"slices"

	"google.golang.org/protobuf/proto"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// maxTries bounds the work for unions of unions.
const maxTries = 10_000

// union makes the literal of a union: of the variant that n has already, or of the first
// that it can be converted to.
func (l *literals) union(n node, variants []*corepb.LiteralType, strict bool, depth int) (*corepb.Literal, error) {
	if chosen, value, err := l.exact(n, variants, depth); chosen != nil || err != nil {
		return unionLiteral(value, chosen), err
	}
	if !strict {
		for _, v := range variants {
			value, err := l.try(n, v, false, depth)
			if tooMuch(err) {
				return nil, err
			}
			if err == nil {
				return unionLiteral(value, v), nil
			}
		}
	}
	if len(variants) == 2 { // an optional value: say what is wrong with it
		for i, v := range variants {
			if isNone(v) && !isNone(variants[1-i]) && n != nil {
				return l.try(n, variants[1-i], strict, depth)
			}
		}
	}
	return nil, mismatch(n, &corepb.LiteralType{Type: &corepb.LiteralType_UnionType{UnionType: &corepb.UnionType{Variants: variants}}})
}

// exact returns the variant that n has without being converted; none if there is no such
// variant. Structs of two classes cannot be told apart.
func (l *literals) exact(n node, variants []*corepb.LiteralType, depth int) (chosen *corepb.LiteralType, value *corepb.Literal, _ error) {
	for _, v := range variants {
		got, err := l.try(n, v, true, depth)
		switch {
		case tooMuch(err):
			return nil, nil, err
		case err != nil:
		case chosen == nil:
			chosen, value = v, got
		case isStruct(chosen) && isStruct(v):
			return nil, nil, wrong(ErrType, "the task takes structs of several classes here; give a *corepb.Literal with a union of the right one")
		}
	}
	return chosen, value, nil
}

func (l *literals) try(n node, t *corepb.LiteralType, strict bool, depth int) (*corepb.Literal, error) {
	if l.tries++; l.tries > maxTries {
		return nil, wrong(ErrTooMany, "the type has unions of unions that take more than %d tries", maxTries)
	}
	return l.typed(n, t, strict, depth+1)
}

func unionLiteral(value *corepb.Literal, t *corepb.LiteralType) *corepb.Literal {
	if value == nil {
		return nil
	}
	if value.GetScalar().GetUnion() != nil { // given as a literal, or a union in a union
		return value
	}
	return scalar(&corepb.Scalar{Value: &corepb.Scalar_Union{Union: &corepb.Union{Value: value, Type: proto.CloneOf(t)}}})
}

func isStruct(t *corepb.LiteralType) bool { return t.GetSimple() == corepb.SimpleType_STRUCT }

// isNone reports whether None is the only value of t. NONE is the zero of its enum.
func isNone(t *corepb.LiteralType) bool {
	s, ok := t.GetType().(*corepb.LiteralType_Simple)
	return ok && s.Simple == corepb.SimpleType_NONE
}

// takesNone reports whether None is one of the values of t.
func takesNone(t *corepb.LiteralType) bool {
	return isNone(t) || slices.ContainsFunc(t.GetUnionType().GetVariants(), isNone)
}
