package backend

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

const (
	defaultPage = 50
	maxPage     = 200
)

// columns are the columns by which rows of T can be filtered and sorted. A column returns
// a string, an int64, a time.Time or a bool, always the same type.
type columns[T any] map[string]func(T) any

// selectRows filters and sorts rows as req requests. matched are all rows that match, not
// yet cut to the page [offset, offset+limit). The sort is stable. Errors are
// InvalidArgument.
//
// The contract's raw_filters are ignored, as the real backend ignores them.
func selectRows[T any](req *commonpb.ListRequest, rows []T, cols columns[T]) (matched []T, offset, limit int, err error) {
	if offset, err = parseToken(req.GetToken()); err != nil {
		return nil, 0, 0, err
	}
	limit = defaultPage
	if l := req.GetLimit(); l > maxPage {
		return nil, 0, 0, status.Errorf(codes.InvalidArgument, "limit %d is over the maximum of %d", l, maxPage)
	} else if l > 0 {
		limit = int(l)
	}
	matched = slices.Clone(rows)
	for _, f := range req.GetFilters() {
		if matched, err = applyFilter(f, matched, cols); err != nil {
			return nil, 0, 0, err
		}
	}
	sorts := req.GetSortByFields()
	if len(sorts) == 0 && req.GetSortBy() != nil { //nolint:staticcheck // old clients still send the deprecated field
		sorts = []*commonpb.Sort{req.GetSortBy()} //nolint:staticcheck // as above
	}
	if err := sortRows(sorts, matched, cols); err != nil {
		return nil, 0, 0, err
	}
	return matched, offset, limit, nil
}

// parseToken reads a page token; empty is the first page.
func parseToken(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(token, 10, strconv.IntSize-1)
	if err != nil {
		return 0, status.Errorf(codes.InvalidArgument, "invalid page token %q: want a non-negative whole number", token)
	}
	return int(n), nil
}

// cutPage returns the rows of one page; past the end it is empty. A limit of 0 returns
// all.
func cutPage[T any](rows []T, offset, limit int) []T {
	rows = rows[min(offset, len(rows)):]
	if limit > 0 {
		rows = rows[:min(limit, len(rows))]
	}
	return rows
}

// fullPageToken is the page token of listings that promise another page whenever this one
// is full, even if it is the last.
func fullPageToken(got, offset, limit int) string {
	if limit == 0 || got < limit {
		return ""
	}
	return strconv.Itoa(offset + limit)
}

func sortRows[T any](sorts []*commonpb.Sort, rows []T, cols columns[T]) error {
	for _, s := range sorts {
		if _, ok := cols[s.GetKey()]; !ok {
			return status.Errorf(codes.InvalidArgument, "cannot sort by %q: want one of %s", s.GetKey(), columnNames(cols))
		}
	}
	if len(sorts) == 0 {
		return nil
	}
	slices.SortStableFunc(rows, func(a, b T) int {
		for _, s := range sorts {
			col := cols[s.GetKey()]
			if c := compareValues(col(a), col(b)); c != 0 {
				if s.GetDirection() == commonpb.Sort_DESCENDING {
					return -c
				}
				return c
			}
		}
		return 0
	})
	return nil
}

// compareValues orders two values of one column.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b)
		}
	case bool:
		if b, ok := b.(bool); ok && a != b {
			if b {
				return -1
			}
			return 1
		}
	}
	return 0
}

// parseLike parses text as a value of the type of like.
func parseLike(like any, text string) (any, error) {
	switch like.(type) {
	case int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", text)
		}
		return n, nil
	case time.Time:
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a time such as 2006-01-02T15:04:05Z", text)
		}
		return t, nil
	case bool:
		v, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return v, nil
	default:
		return text, nil
	}
}

func columnNames[T any](cols columns[T]) string {
	names := make([]string, 0, len(cols))
	for n := range cols {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
