// Package qr shows an address as a QR code in a terminal, for a phone's camera.
//
// Call [Draw].
package qr

import (
	"errors"
	"fmt"
	"strings"

	goqr "rsc.io/qr"
)

// border is the quiet zone around a code, in modules; cameras need it.
const border = 2

// ErrTooWide means that the terminal is too narrow for the code.
var ErrTooWide = errors.New("the terminal is too narrow for the QR code")

// Draw returns text as a QR code of half blocks, two modules a character, light on dark and
// dark on light alike: it sets both colours itself. Columns is the width of the terminal;
// zero means unknown, and is [ErrTooWide].
func Draw(text string, columns int) (string, error) {
	code, err := goqr.Encode(text, goqr.L)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	size := code.Size + 2*border
	if size > columns {
		return "", fmt.Errorf("%w: it takes %d columns, and there are %d", ErrTooWide, size, columns)
	}
	var b strings.Builder
	for y := -border; y < code.Size+border; y += 2 {
		b.WriteString("\x1b[97;40m") // white on black
		for x := -border; x < code.Size+border; x++ {
			b.WriteString(half(!code.Black(x, y), !code.Black(x, y+1)))
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String(), nil
}

// half returns the character whose upper and lower half are light or dark.
func half(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	default:
		return " "
	}
}
