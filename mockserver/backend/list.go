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

// columns are the columns by which rows of T can be filtered and sorted.
type columns[T any] map[string]column[T]

// column reads one value of a row: a string, an int64 or a time.Time, always the same
// type, or nil if the row has none. Its kind parses a text as such a value.
type column[T any] struct {
	kind valueKind
	get  func(T) any
}

type valueKind func(text string) (any, error)

func textColumn[T any](get func(T) string) column[T] {
	return column[T]{func(text string) (any, error) { return text, nil }, func(row T) any { return get(row) }}
}

func numberColumn[T any](get func(T) int64) column[T] {
	return column[T]{parseNumber, func(row T) any { return get(row) }}
}

func timeColumn[T any](get func(T) time.Time) column[T] {
	return column[T]{parseTime, func(row T) any { return get(row) }}
}

func parseNumber(text string) (any, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is not a whole number", text)
	}
	return n, nil
}

// parseTime reads a date as its first moment, as the database of real backends does.
func parseTime(text string) (any, error) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%q is not a time such as 2006-01-02T15:04:05Z or 2006-01-02", text)
}

// query is what a listing asks for.
type query[T any] struct {
	equal         map[string]string // values that text columns must have
	tests         []func(T) bool    // that rows must pass besides
	sorts         []func(a, b T) int
	offset, limit int
}

// readQuery reads a request. Errors are InvalidArgument. A strict backend reads filters
// as they are meant, not as the database of real backends does; see [compileFilter].
//
// The contract's raw_filters are ignored, as the real backend ignores them.
func readQuery[T any](req *commonpb.ListRequest, cols columns[T], strict bool) (q query[T], err error) {
	if q.offset, err = parseToken(req.GetToken()); err != nil {
		return q, err
	}
	q.limit = defaultPage
	if l := req.GetLimit(); l > maxPage {
		return q, status.Errorf(codes.InvalidArgument, "limit %d is over the maximum of %d", l, maxPage)
	} else if l > 0 {
		q.limit = int(l)
	}
	q.equal = map[string]string{}
	for _, f := range req.GetFilters() {
		if err := q.filter(f, cols, strict); err != nil {
			return q, err
		}
	}
	sorts := req.GetSortByFields()
	if len(sorts) == 0 && req.GetSortBy() != nil { //nolint:staticcheck // old clients still send the deprecated field
		sorts = []*commonpb.Sort{req.GetSortBy()} //nolint:staticcheck // as above
	}
	for _, s := range sorts {
		if err := q.sortBy(s, cols); err != nil {
			return q, err
		}
	}
	return q, nil
}

// filter adds one filter.
func (q *query[T]) filter(f *commonpb.Filter, cols columns[T], strict bool) error {
	test, err := compileFilter(f, cols, strict)
	if err != nil {
		return err
	}
	if f.GetFunction() == commonpb.Filter_EQUAL {
		if v, err := cols[f.GetField()].kind(f.GetValues()[0]); err == nil {
			if text, ok := v.(string); ok && q.want(f.GetField(), text) {
				return nil
			}
		}
	}
	q.tests = append(q.tests, test)
	return nil
}

// want asks for a value of a text column; false if another one is asked for already.
func (q *query[T]) want(column, text string) bool {
	if have, taken := q.equal[column]; taken {
		return have == text
	}
	q.equal[column] = text
	return true
}

func (q *query[T]) sortBy(s *commonpb.Sort, cols columns[T]) error {
	col, ok := cols[s.GetKey()]
	if !ok {
		return status.Errorf(codes.InvalidArgument, "cannot sort by %q: want one of %s", s.GetKey(), columnNames(cols))
	}
	sign := 1
	if s.GetDirection() == commonpb.Sort_DESCENDING {
		sign = -1
	}
	q.sorts = append(q.sorts, func(a, b T) int { return sign * compareValues(col.get(a), col.get(b)) })
	return nil
}

// sort sorts rows as the query asks for; rows that are equal keep their order.
func (q *query[T]) sort(rows []T) {
	slices.SortStableFunc(rows, func(a, b T) int {
		for _, by := range q.sorts {
			if c := by(a, b); c != 0 {
				return c
			}
		}
		return 0
	})
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

// nextToken is the page token of listings whose last page has none.
func nextToken(offset, got int, more bool) string {
	if !more {
		return ""
	}
	return strconv.Itoa(offset + got)
}

// fullPageToken is the page token of listings that promise another page whenever this one
// is full, even if it is the last.
func fullPageToken(got, offset, limit int) string {
	if limit == 0 || got < limit {
		return ""
	}
	return strconv.Itoa(offset + limit)
}

// compareValues orders two values of one column; a missing one comes last.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case nil:
		if b != nil {
			return 1
		}
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
	}
	if b == nil && a != nil {
		return -1
	}
	return 0
}

func columnNames[T any](cols columns[T]) string {
	names := make([]string, 0, len(cols))
	for n := range cols {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
