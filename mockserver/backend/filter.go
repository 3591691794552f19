package backend

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// compileFilter returns the test of a filter. A missing value passes none, as in SQL.
//
// Real backends hand the filter to their database, which fails with VALUE_IN of a single
// value, and takes % and _ for wildcards. A strict one accepts the former and takes the
// latter literally. More than one value for a function that compares with one is always
// an error.
func compileFilter[T any](f *commonpb.Filter, cols columns[T], strict bool) (func(T) bool, error) {
	col, ok := cols[f.GetField()]
	if !ok {
		return nil, status.Errorf(codes.InvalidArgument, "cannot filter by %q: want one of %s", f.GetField(), columnNames(cols))
	}
	pass, err := filterTest(f, col.kind, strict)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "filter on %q: %v", f.GetField(), err)
	}
	return func(row T) bool {
		have := col.get(row)
		return have != nil && pass(have)
	}, nil
}

func filterTest(f *commonpb.Filter, kind valueKind, strict bool) (func(have any) bool, error) {
	texts, several := f.GetValues(), f.GetFunction() == commonpb.Filter_VALUE_IN
	switch {
	case len(texts) == 0:
		return nil, errors.New("it has no values")
	case several && len(texts) == 1 && !strict:
		return nil, errors.New("VALUE_IN needs at least two values: use EQUAL for one")
	case !several && len(texts) > 1:
		return nil, errors.New("this function takes one value: use VALUE_IN for more")
	}
	wanted := make([]any, 0, len(texts))
	for _, text := range texts {
		v, err := kind(text)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, v)
	}
	if test, ok := comparison(f.GetFunction(), wanted); ok {
		return test, nil
	}
	text, ok := wanted[0].(string)
	if !ok {
		if _, known := textTest(f.GetFunction(), "", strict); known {
			return nil, errors.New("this function works on text only")
		}
	}
	if test, ok := textTest(f.GetFunction(), text, strict); ok {
		return func(have any) bool { text, ok := have.(string); return ok && test(text) }, nil
	}
	// VALUE_NOT_IN, EXISTS and NOT_EXISTS are in the contract, but real backends do not serve them.
	return nil, errors.New("unsupported function " + f.GetFunction().String())
}

// comparison returns the test of a function that compares values of any type.
func comparison(fn commonpb.Filter_Function, wanted []any) (func(have any) bool, bool) {
	passes := map[commonpb.Filter_Function]func(c int) bool{
		commonpb.Filter_EQUAL:                 func(c int) bool { return c == 0 },
		commonpb.Filter_NOT_EQUAL:             func(c int) bool { return c != 0 },
		commonpb.Filter_GREATER_THAN:          func(c int) bool { return c > 0 },
		commonpb.Filter_GREATER_THAN_OR_EQUAL: func(c int) bool { return c >= 0 },
		commonpb.Filter_LESS_THAN:             func(c int) bool { return c < 0 },
		commonpb.Filter_LESS_THAN_OR_EQUAL:    func(c int) bool { return c <= 0 },
		commonpb.Filter_VALUE_IN:              func(c int) bool { return c == 0 },
	}
	pass, ok := passes[fn]
	return func(have any) bool {
		for _, want := range wanted {
			if pass(compareValues(have, want)) {
				return true
			}
		}
		return false
	}, ok
}

// textTest returns the test of a function that works on text.
func textTest(fn commonpb.Filter_Function, want string, strict bool) (func(have string) bool, bool) {
	pattern := want
	if strict {
		pattern = literalPattern(want)
	}
	switch fn {
	case commonpb.Filter_CONTAINS:
		return func(have string) bool { return like(have, "%"+pattern+"%") }, true
	case commonpb.Filter_CONTAINS_CASE_INSENSITIVE:
		return func(have string) bool { return like(strings.ToLower(have), strings.ToLower("%"+pattern+"%")) }, true
	case commonpb.Filter_ENDS_WITH:
		return func(have string) bool { return like(have, "%"+pattern) }, true
	case commonpb.Filter_NOT_ENDS_WITH:
		return func(have string) bool { return !like(have, "%"+pattern) }, true
	default:
		return nil, false
	}
}
