package backend

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever is added and removed, the set has its rows in order and at their places.
func TestOrderedIsASortedList(t *testing.T) {
	t.Parallel()
	visits := 0
	set := &ordered[int]{compare: cmp.Compare[int], visits: &visits}
	var want []int
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		n := random.IntN(500)
		if i, there := slices.BinarySearch(want, n); there {
			set.remove(n)
			want = slices.Delete(want, i, i+1)
		} else {
			set.add(n)
			want = slices.Insert(want, i, n)
		}
		if n%50 > 0 {
			continue
		}
		for _, skip := range []int{0, 1, len(want) / 2, len(want), len(want) + 1} {
			if got := slices.Collect(set.from(skip)); !slices.Equal(got, want[min(skip, len(want)):]) {
				t.Fatalf("from %d come %v, want %v", skip, got, want)
			}
		}
		if got := set.rank(func(m int) bool { return m < n }); set.len() != len(want) || got != len(slices.DeleteFunc(slices.Clone(want), func(m int) bool { return m >= n })) {
			t.Fatalf("%d of %d rows come before %d", got, set.len(), n)
		}
	}
	set.remove(1000) // it is not there
	if set.len() != len(want) {
		t.Errorf("%d rows, want %d", set.len(), len(want))
	}
}

func TestLikeMatchesAsSQLDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"abc", "abc", true}, {"a_c", "abc", true}, {"a_c", "ac", false},
		{"_", "é", true}, {"%", "", true}, {"a%", "abc", true}, {"%c", "abc", true}, {"%b%", "abc", true}, {"%d%", "abc", false},
		{"a%b%c", "aXbXbc", true}, {"%ab", "aab", true}, {"%a_", "aab", true}, {`a\%`, "a%", true}, {`a\%`, "ab", false},
		{`a\_`, "a_", true}, {`\`, `\`, true}, {"%%a", "ba", true}, {literalPattern(`%_\`), `%_\`, true}, {literalPattern("%"), "a", false},
	} {
		if got := like(c.text, c.pattern); got != c.want {
			t.Errorf("%q like %q is %t", c.text, c.pattern, got)
		}
	}
}
