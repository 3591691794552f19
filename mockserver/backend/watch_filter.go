package backend

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// parseActionFilter parses the filters of WatchActions, all of which must match. There
// are two: PHASE with VALUE_IN of numbers, and NAME with
// CONTAINS_CASE_INSENSITIVE.
func parseActionFilter(filters []*commonpb.Filter) (func(*action) bool, error) {
	tests := make([]func(*action) bool, 0, len(filters))
	for _, f := range filters {
		test, err := parseActionTest(f)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return func(a *action) bool {
		return !slices.ContainsFunc(tests, func(test func(*action) bool) bool { return !test(a) })
	}, nil
}

func parseActionTest(f *commonpb.Filter) (func(*action) bool, error) {
	if len(f.GetValues()) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "filter on %q has no values", f.GetField())
	}
	switch {
	case f.GetField() == "PHASE" && f.GetFunction() == commonpb.Filter_VALUE_IN:
		phases := map[commonpb.ActionPhase]bool{}
		for _, v := range f.GetValues() {
			n, err := strconv.ParseInt(v, 10, 32)
			if err != nil {
				return nil, status.Errorf(codes.InvalidArgument, "filter on \"PHASE\": %q is not a phase: want the enum's number", v)
			}
			phases[commonpb.ActionPhase(n)] = true
		}
		return func(a *action) bool { return phases[a.phase()] }, nil
	case f.GetField() == "NAME" && f.GetFunction() == commonpb.Filter_CONTAINS_CASE_INSENSITIVE:
		want := strings.ToLower(f.GetValues()[0])
		return func(a *action) bool {
			return strings.Contains(strings.ToLower(a.details.GetId().GetName()), want)
		}, nil
	}
	return nil, status.Errorf(codes.InvalidArgument, "unsupported filter %v on %q: want VALUE_IN on \"PHASE\" or "+
		"CONTAINS_CASE_INSENSITIVE on \"NAME\"", f.GetFunction(), f.GetField())
}
