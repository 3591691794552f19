package values

import (
	"reflect"
	"slices"

	"google.golang.org/protobuf/proto"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// Inputs makes the inputs of a run from a map with string keys, or from a struct, whose
// fields have the names in their json tags or else their own; nil is no inputs. With
// [ForTask] each value becomes what the task takes, or an error: an input that the task does
// not have is [ErrUnknown], one that is not given and has no default is [ErrMissing].
//
// Without it the values say their types. A slice becomes a list, a map of one type of values
// a map, and a struct or a map[string]any a struct. A nil pointer is None; nil slices and
// maps are empty ones. Types with MarshalJSON or MarshalText are sent as that returns. A
// *corepb.Literal is sent as it is. The error is an [*Error].
func Inputs(v any, opts ...Option) (*taskpb.Inputs, error) {
	c := newConfig(opts)
	all, err := c.named(v, c.iface.GetInputs(), true)
	if err != nil {
		return nil, within("inputs", err)
	}
	return &taskpb.Inputs{Literals: all}, nil
}

// Outputs is [Inputs] for what a task returns, for programs that run tasks or stand in for
// them in tests. Without defaults every output of the interface must be given.
func Outputs(v any, opts ...Option) (*taskpb.Outputs, error) {
	c := newConfig(opts)
	all, err := c.named(v, c.iface.GetOutputs(), false)
	if err != nil {
		return nil, within("outputs", err)
	}
	return &taskpb.Outputs{Literals: all}, nil
}

// Encode makes one literal of v, of type t; a nil t leaves the type to v. The error is an
// [*Error].
func Encode(v any, t *corepb.LiteralType) (*corepb.Literal, error) {
	r := &goReader{structs: structs{}}
	n, err := r.node(reflect.ValueOf(v), 0)
	if err == nil {
		var l *corepb.Literal
		if l, err = new(literals).typed(n, t, false, 0); err == nil {
			return l, nil
		}
	}
	return nil, within("value", err)
}

func newConfig(opts []Option) *config {
	c := &config{}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	return c
}

// named converts the members of v.
func (c *config) named(v any, declared *corepb.VariableMap, inputs bool) ([]*taskpb.NamedLiteral, error) {
	r := &goReader{structs: structs{}}
	n, err := r.node(reflect.ValueOf(v), 0)
	if err != nil {
		return nil, err
	}
	given, ok := n.(*object)
	switch {
	case n == nil:
		given = &object{}
	case !ok:
		return nil, wrong(ErrType, "have %s, want a map with string keys or a struct", kind(n))
	}
	l := &literals{asStruct: c.asStruct}
	if c.iface != nil {
		return c.declared(l, given, declared, inputs)
	}
	all := make([]*taskpb.NamedLiteral, 0, len(given.members))
	for _, m := range given.members {
		lit, err := l.inferred(m.value)
		if err != nil {
			return nil, inMember(m.name, err)
		}
		all = append(all, &taskpb.NamedLiteral{Name: m.name, Value: lit})
	}
	return all, nil
}

// declared converts what is given to what is declared, in the order of the declaration.
func (c *config) declared(l *literals, given *object, declared *corepb.VariableMap, inputs bool) ([]*taskpb.NamedLiteral, error) {
	variables := declared.GetVariables()
	for _, m := range given.members {
		if !slices.ContainsFunc(variables, func(v *corepb.VariableEntry) bool { return v.GetKey() == m.name }) {
			var known []string
			for _, v := range variables {
				known = append(known, v.GetKey())
			}
			return nil, inMember(m.name, wrong(ErrUnknown, "the task has none of that name; it has: %s", names(known)))
		}
	}
	var all []*taskpb.NamedLiteral
	for _, v := range variables {
		lit, err := c.variable(l, given, v, inputs)
		if err != nil {
			return nil, inMember(v.GetKey(), err)
		}
		if lit != nil {
			all = append(all, &taskpb.NamedLiteral{Name: v.GetKey(), Value: lit})
		}
	}
	return all, nil
}

// variable returns the value of an input or output; nil if the server finds it by itself.
func (c *config) variable(l *literals, given *object, v *corepb.VariableEntry, inputs bool) (*corepb.Literal, error) {
	name, t := v.GetKey(), v.GetValue().GetType()
	for _, m := range given.members {
		if m.name == name {
			return l.typed(m.value, t, false, 0)
		}
	}
	if !inputs {
		return nil, missing(t)
	}
	for _, d := range c.defaults {
		if d.GetName() != name {
			continue
		}
		switch b := d.GetParameter().GetBehavior().(type) {
		case *corepb.Parameter_Default:
			return proto.CloneOf(b.Default), nil
		case *corepb.Parameter_ArtifactQuery, *corepb.Parameter_ArtifactId:
			return nil, nil //nolint:nilnil // no value, which is no error
		}
	}
	if takesNone(t) { // Flyte's SDK declares no default where it is None
		return l.typed(nil, t, false, 0)
	}
	return nil, missing(t)
}

func missing(t *corepb.LiteralType) error {
	return wrong(ErrMissing, "the task needs it: %s", typeName(t, 0))
}
