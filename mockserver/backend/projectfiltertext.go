package backend

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// projectTerm is one term of the filter language of project listings.
type projectTerm struct {
	function, field string
	values          []string
}

// parseProjectFilters parses the filter language of project listings: terms
// "function(field,value)" joined by "+", all of which must hold. The values of
// value_in are separated by ";". Flyte 2 reads functions in any case and ignores blanks.
func parseProjectFilters(text string) ([]projectTerm, error) {
	return parseTerms(text, func(t *projectTerm, value string) error {
		t.function, t.field = strings.ToLower(t.function), strings.TrimSpace(t.field)
		if t.values = []string{strings.TrimSpace(value)}; t.function == "value_in" {
			t.values = strings.Split(value, ";")
		}
		return nil
	})
}

// parseAdminFilters is that of Flyte 1, which is stricter and lets a field be preceded by
// "project.".
func parseAdminFilters(text string) ([]projectTerm, error) {
	return parseTerms(text, func(t *projectTerm, value string) error {
		switch {
		case t.field != strings.TrimSpace(t.field):
			return status.Errorf(codes.InvalidArgument, "filter on %q: remove the blanks round the field", t.field)
		case value == "":
			return status.Errorf(codes.InvalidArgument, "filter on %q has no value", t.field)
		}
		t.field = strings.TrimPrefix(t.field, "project.")
		if t.values = []string{value}; t.function == "value_in" {
			t.values = strings.Split(value, ";")
		}
		return nil
	})
}

func parseTerms(text string, read func(t *projectTerm, value string) error) ([]projectTerm, error) {
	if text == "" {
		return nil, nil
	}
	var out []projectTerm
	for term := range strings.SplitSeq(text, "+") {
		fn, rest, opened := strings.Cut(strings.TrimSpace(term), "(")
		args, closed := strings.CutSuffix(rest, ")")
		field, value, paired := strings.Cut(args, ",")
		if !opened || !closed || !paired {
			return nil, status.Errorf(codes.InvalidArgument, "filter %q is not of the form function(field,value)", term)
		}
		t := projectTerm{function: fn, field: field}
		if err := read(&t, value); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// test returns the test of a term. Those of Flyte 1 know more functions.
func (t projectTerm) test(cols columns[project], admin, strict bool) (func(project) bool, error) {
	functions := map[string]commonpb.Filter_Function{
		"eq": commonpb.Filter_EQUAL, "ne": commonpb.Filter_NOT_EQUAL,
		"contains": commonpb.Filter_CONTAINS, "value_in": commonpb.Filter_VALUE_IN,
	}
	known := "eq, ne, contains or value_in"
	if admin {
		known = "eq, ne, gt, gte, lt, lte, contains, not_like or value_in"
		functions["gt"], functions["gte"] = commonpb.Filter_GREATER_THAN, commonpb.Filter_GREATER_THAN_OR_EQUAL
		functions["lt"], functions["lte"] = commonpb.Filter_LESS_THAN, commonpb.Filter_LESS_THAN_OR_EQUAL
		functions["not_like"] = commonpb.Filter_NOT_EQUAL // in what it takes
	}
	fn, ok := functions[t.function]
	if !ok {
		return nil, status.Errorf(codes.InvalidArgument, "unknown filter function %q: want %s", t.function, known)
	}
	if fn == commonpb.Filter_VALUE_IN && len(t.values) == 1 {
		fn = commonpb.Filter_EQUAL
	}
	test, err := compileFilter(&commonpb.Filter{Function: fn, Field: t.field, Values: t.values}, cols, strict)
	if err != nil || t.function != "not_like" {
		return test, err
	}
	get := cols[t.field].get
	return func(p project) bool {
		text, ok := get(p).(string)
		return ok && !like(text, t.values[0])
	}, nil
}
