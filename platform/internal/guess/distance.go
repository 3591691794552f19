package guess

import (
	"slices"
	"strings"
)

// distance is how far two names are apart; more than maxEdits means that one does not
// stand for the other. A word too many or too few counts as two letters, however long.
func distance(a, b string) int {
	a, b = strings.ToUpper(a), strings.ToUpper(b)
	letters := edits(plain(a), plain(b))
	if letters > len(plain(b))/4 { // so that ORG is not taken for URL
		letters = maxEdits + 1
	}
	if letters > maxEdits && oneWordMore(a, b) {
		return maxEdits
	}
	return letters
}

func plain(name string) string { return strings.ReplaceAll(name, "_", "") }

// oneWordMore reports whether a word taken out of one name gives the other. The first
// word, which names the system, has to be the same.
func oneWordMore(a, b string) bool {
	short, long := strings.Split(a, "_"), strings.Split(b, "_")
	if len(short) > len(long) {
		short, long = long, short
	}
	if len(short) < 2 || len(long) != len(short)+1 {
		return false
	}
	for i := 1; i < len(long); i++ {
		if slices.Equal(short, slices.Concat(long[:i], long[i+1:])) {
			return true
		}
	}
	return false
}

// edits is the number of letters to insert, delete or replace to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
