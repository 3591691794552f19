package backend

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// applyFilter returns the rows that match f, in a new slice.
func applyFilter[T any](f *commonpb.Filter, rows []T, cols columns[T]) ([]T, error) {
	col, ok := cols[f.GetField()]
	if !ok {
		return nil, status.Errorf(codes.InvalidArgument, "cannot filter by %q: want one of %s", f.GetField(), columnNames(cols))
	}
	test, err := filterFunc(f.GetFunction())
	if err != nil {
		return nil, err
	}
	if len(f.GetValues()) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "filter on %q has no values", f.GetField())
	}
	var out []T
	for _, row := range rows {
		pass, err := test(col(row), f.GetValues())
		if err != nil {
			return nil, status.Errorf(codes.InvalidArgument, "filter on %q: %v", f.GetField(), err)
		}
		if pass {
			out = append(out, row)
		}
	}
	return out, nil
}

// A valueTest reports whether one row's value matches. want is never empty; only VALUE_IN
// reads more than its first value.
type valueTest func(have any, want []string) (bool, error)

func filterFunc(fn commonpb.Filter_Function) (valueTest, error) {
	switch fn {
	case commonpb.Filter_EQUAL:
		return compared(func(c int) bool { return c == 0 }), nil
	case commonpb.Filter_NOT_EQUAL:
		return compared(func(c int) bool { return c != 0 }), nil
	case commonpb.Filter_GREATER_THAN:
		return compared(func(c int) bool { return c > 0 }), nil
	case commonpb.Filter_GREATER_THAN_OR_EQUAL:
		return compared(func(c int) bool { return c >= 0 }), nil
	case commonpb.Filter_LESS_THAN:
		return compared(func(c int) bool { return c < 0 }), nil
	case commonpb.Filter_LESS_THAN_OR_EQUAL:
		return compared(func(c int) bool { return c <= 0 }), nil
	case commonpb.Filter_VALUE_IN:
		return valueIn, nil
	case commonpb.Filter_CONTAINS:
		return onText(strings.Contains), nil
	case commonpb.Filter_CONTAINS_CASE_INSENSITIVE:
		return onText(func(have, want string) bool {
			return strings.Contains(strings.ToLower(have), strings.ToLower(want))
		}), nil
	case commonpb.Filter_ENDS_WITH:
		return onText(strings.HasSuffix), nil
	case commonpb.Filter_NOT_ENDS_WITH:
		return onText(func(have, want string) bool { return !strings.HasSuffix(have, want) }), nil
	default: // VALUE_NOT_IN, EXISTS and NOT_EXISTS are in the contract, but real backends do not serve them
		return nil, status.Errorf(codes.InvalidArgument, "unsupported filter function %v", fn)
	}
}

// compared returns a test that compares a value with the wanted one.
func compared(pass func(int) bool) valueTest {
	return func(have any, want []string) (bool, error) {
		w, err := parseLike(have, want[0])
		if err != nil {
			return false, err
		}
		return pass(compareValues(have, w)), nil
	}
}

func valueIn(have any, want []string) (bool, error) {
	found := false
	for _, text := range want {
		w, err := parseLike(have, text)
		if err != nil {
			return false, err
		}
		found = found || compareValues(have, w) == 0
	}
	return found, nil
}

func onText(pass func(have, want string) bool) valueTest {
	return func(have any, want []string) (bool, error) {
		text, ok := have.(string)
		if !ok {
			return false, errNotText
		}
		return pass(text, want[0]), nil
	}
}

var errNotText = errors.New("this function works on text only")
