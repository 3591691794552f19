package backend

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// parseProjectFilters parses the filter language of project listings: terms
// "function(field,value)" joined by "+", all of which must hold. The values of
// value_in are separated by ";".
func parseProjectFilters(text string) ([]*commonpb.Filter, error) {
	if text == "" {
		return nil, nil
	}
	var out []*commonpb.Filter
	for term := range strings.SplitSeq(text, "+") {
		fn, rest, opened := strings.Cut(strings.TrimSpace(term), "(")
		args, closed := strings.CutSuffix(rest, ")")
		field, value, paired := strings.Cut(args, ",")
		if !opened || !closed || !paired {
			return nil, status.Errorf(codes.InvalidArgument, "filter %q is not of the form function(field,value)", term)
		}
		f := &commonpb.Filter{Field: strings.TrimSpace(field), Values: []string{strings.TrimSpace(value)}}
		switch fn {
		case "eq":
			f.Function = commonpb.Filter_EQUAL
		case "ne":
			f.Function = commonpb.Filter_NOT_EQUAL
		case "contains":
			f.Function = commonpb.Filter_CONTAINS
		case "value_in":
			f.Function = commonpb.Filter_VALUE_IN
			f.Values = strings.Split(value, ";")
		default:
			return nil, status.Errorf(codes.InvalidArgument, "unknown filter function %q: want eq, ne, contains or value_in", fn)
		}
		out = append(out, f)
	}
	return out, nil
}
