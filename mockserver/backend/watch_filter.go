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
// are two: PHASE with VALUE_IN of numbers, and NAME with CONTAINS_CASE_INSENSITIVE, which
// reads its first value only. One without values is ignored.
func parseActionFilter(filters []*commonpb.Filter) (func(*action) bool, error) {
	tests := make([]func(*action) bool, 0, len(filters))
	for _, f := range filters {
		test, err := parseActionTest(f)
		if err != nil {
			return nil, err
		}
		if len(f.GetValues()) > 0 {
			tests = append(tests, test)
		}
	}
	return func(a *action) bool {
		return !slices.ContainsFunc(tests, func(test func(*action) bool) bool { return !test(a) })
	}, nil
}

func parseActionTest(f *commonpb.Filter) (func(*action) bool, error) {
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
		return func(a *action) bool {
			return strings.Contains(strings.ToLower(a.shownName()), strings.ToLower(f.GetValues()[0]))
		}, nil
	}
	return nil, status.Errorf(codes.InvalidArgument, "unsupported filter %v on %q: want VALUE_IN on \"PHASE\" or "+
		"CONTAINS_CASE_INSENSITIVE on \"NAME\"", f.GetFunction(), f.GetField())
}

// shownName returns the short name of the action's task, or the action's own name if the
// task has none.
func (a *action) shownName() string {
	if task := a.details.GetMetadata().GetTask().GetId().GetName(); task != "" {
		return lastSegment(task)
	}
	return a.details.GetId().GetName()
}
