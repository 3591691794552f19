package wire

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Row is one fact: its kind, then the columns of that kind.
type Row []string

// String is the row with spaces between its columns.
func (r Row) String() string { return strings.Join(r, " ") }

// kind describes the rows of one kind.
type kind struct {
	keys    int      // how many columns name the fact; the rest is what is said of it
	columns []string // titles
}

// kinds are all kinds of rows. Of a field and an enum value the number is the
// name: it is what travels.
var kinds = map[string]kind{ //nolint:gochecknoglobals // a table, never changed
	"file":     {1, []string{"path", "package", "syntax"}},
	"service":  {1, []string{"name", "file", "deprecation"}},
	"rpc":      {2, []string{"service", "method", "request", "response", "streaming", "deprecation", "idempotency"}},
	"message":  {1, []string{"name", "file", "deprecation"}},
	"enumtype": {1, []string{"name", "file", "deprecation"}},
	"field":    {2, []string{"message", "number", "name", "type", "label", "oneof", "deprecation"}},
	"enum":     {2, []string{"enum", "number", "name", "deprecation"}},
	"reserved": {2, []string{"owner", "range"}},
	"external": {2, []string{"path", "type"}},
	"other":    {2, []string{"name", "what"}}, // never in a table
}

// key is what names the fact of a row.
func (r Row) key() string { return strings.Join(r[:1+kinds[r[0]].keys], " ") }

// Parse reads a table.
func Parse(in io.Reader) ([]Row, error) {
	var rows []Row
	seen := map[string]bool{}
	scanner := bufio.NewScanner(in)
	for n := 1; scanner.Scan(); n++ {
		row := Row(strings.Split(scanner.Text(), "\t"))
		k, ok := kinds[row[0]]
		if !ok || row[0] == "other" {
			return nil, fmt.Errorf("line %d: unknown kind of row %q", n, row[0])
		}
		if got, want := len(row)-1, len(k.columns); got != want {
			return nil, fmt.Errorf("line %d: %s has %d columns, want %d", n, row[0], got, want)
		}
		if seen[row.key()] {
			return nil, fmt.Errorf("line %d: %s is there twice", n, row.key())
		}
		seen[row.key()] = true
		rows = append(rows, row)
	}
	return rows, scanner.Err()
}

// Compare holds got against want in both directions and returns one sorted line
// per difference: "missing: …", "extra: …" or "changed: …". None means equal.
func Compare(want, got []Row) []string {
	wanted, present := byKey(want), byKey(got)
	var lines []string
	for key, w := range wanted {
		g, ok := present[key]
		switch {
		case !ok:
			lines = append(lines, "missing: "+w.String())
		case !slices.Equal(w, g):
			lines = append(lines, "changed: "+key+": "+changes(w, g))
		}
	}
	for key, g := range present {
		if _, ok := wanted[key]; !ok {
			lines = append(lines, "extra: "+g.String())
		}
	}
	slices.Sort(lines)
	return lines
}

func byKey(rows []Row) map[string]Row {
	m := make(map[string]Row, len(rows))
	for _, r := range rows {
		m[r.key()] = r
	}
	return m
}

// changes says what became of each column that differs.
func changes(want, got Row) string {
	var parts []string
	for i, title := range kinds[want[0]].columns {
		if want[i+1] != got[i+1] {
			parts = append(parts, fmt.Sprintf("%s is %s, want %s", title, got[i+1], want[i+1]))
		}
	}
	return strings.Join(parts, ", ")
}
