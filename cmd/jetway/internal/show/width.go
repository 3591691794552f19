package show

import "unicode"

// Width returns how many columns of a terminal a line takes: letters of East Asia and
// pictures take two, marks that combine with the letter before them none.
func Width(line string) int {
	n := 0
	for _, r := range line {
		n += width(r)
	}
	return n
}

// width returns how many columns a character takes.
func width(r rune) int {
	switch {
	case r < 0x300: // most text
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me), r >= 0x1160 && r <= 0x11ff, r >= 0x200b && r <= 0x200d, r == 0xfeff:
		return 0
	}
	for _, w := range wide() {
		if r < w[0] {
			return 1
		}
		if r <= w[1] {
			return 2
		}
	}
	return 1
}

// wide are the ranges of characters with two columns, in order: those that Unicode calls
// wide or full width, in blocks. A terminal that disagrees cuts the line by itself.
func wide() [][2]rune {
	return [][2]rune{
		{0x1100, 0x115f},
		{0x231a, 0x231b},
		{0x23e9, 0x23ec},
		{0x2614, 0x2615},
		{0x2648, 0x2653},
		{0x26a1, 0x26a1},
		{0x26bd, 0x26be},
		{0x2705, 0x2705},
		{0x270a, 0x270b},
		{0x2728, 0x2728},
		{0x274c, 0x274c},
		{0x2753, 0x2757},
		{0x2795, 0x2797},
		{0x2b1b, 0x2b1c},
		{0x2b50, 0x2b55},
		{0x2e80, 0x303e},
		{0x3041, 0x4dbf},
		{0x4e00, 0xa4cf},
		{0xa960, 0xa97c},
		{0xac00, 0xd7a3},
		{0xf900, 0xfaff},
		{0xfe10, 0xfe19},
		{0xfe30, 0xfe6b},
		{0xff01, 0xff60},
		{0xffe0, 0xffe6},
		{0x16fe0, 0x1b2fb},
		{0x1f004, 0x1f004},
		{0x1f0cf, 0x1f0cf},
		{0x1f18e, 0x1f19a},
		{0x1f1e6, 0x1f265},
		{0x1f300, 0x1f64f},
		{0x1f680, 0x1f6ff},
		{0x1f7e0, 0x1f7eb},
		{0x1f90c, 0x1faff},
		{0x20000, 0x3fffd},
	}
}
