package qr_test

import (
	"errors"
	"strings"
	"testing"

	goqr "rsc.io/qr"

	"github.com/jetway-go/jetway/cmd/jetway/internal/qr"
)

// The drawing is read back, module by module.
func TestDrawingHasEveryModuleOfTheCode(t *testing.T) {
	t.Parallel()
	const address = "https://flyte.example.com/device?user_code=ABCD-EFGH"
	text, err := qr.Draw(address, 80)
	if err != nil {
		t.Fatal(err)
	}
	code, err := goqr.Encode(address, goqr.L)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		line = strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[97;40m"), "\x1b[0m")
		for j, r := range []rune(line) {
			x, y := j-2, 2*i-2
			light := map[rune][2]bool{'█': {true, true}, '▀': {true, false}, '▄': {false, true}, ' ': {}}[r]
			if light[0] == code.Black(x, y) || light[1] == code.Black(x, y+1) {
				t.Fatalf("at %d, %d: %q", x, y, r)
			}
		}
	}
}

func TestDrawRefusesATerminalThatIsTooNarrow(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{0, 20} {
		if _, err := qr.Draw("https://flyte.example.com/device", columns); !errors.Is(err, qr.ErrTooWide) {
			t.Errorf("%d columns: %v", columns, err)
		}
	}
}
