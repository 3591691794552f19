package command

import (
	"math"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
	"github.com/jetway-go/jetway/transfer"
)

func TestBarSaysHowFarHowFastAndHowLong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		p    transfer.Progress
		want string
	}{
		{transfer.Progress{Name: "f", Bytes: 512, Total: 1024, Rate: 128}, "[##########..........]     512 B of 1.0 KiB      128 B/s  4s left  f"},
		{transfer.Progress{Name: "f", Total: 1024}, "[....................]       0 B of 1.0 KiB        0 B/s  - left  f"},
		{transfer.Progress{Name: "f", Bytes: 2048, Total: -1, Rate: 1 << 20}, "  2.0 KiB    1.0 MiB/s  f"},
		{transfer.Progress{Name: "f", Bytes: 0, Total: 0}, "      0 B        0 B/s  f"},
		// It grew while it was sent.
		{transfer.Progress{Name: "f", Bytes: 4096, Total: 1024, Rate: 1}, "[####################]   1.0 KiB of 1.0 KiB        1 B/s  0s left  f"},
		{transfer.Progress{Name: "f", Bytes: -1, Total: 1024, Rate: 1e-9}, "[....................]       0 B of 1.0 KiB        0 B/s  days left  f"},
		{transfer.Progress{Name: "f", Bytes: math.MaxInt64 / 2, Total: math.MaxInt64, Rate: 1 << 60}, "[##########..........]   4.0 EiB of 8.0 EiB    1.0 EiB/s  4s left  f"},
	} {
		if got := bar(tt.p); got != tt.want {
			t.Errorf("%+v\n%q, want\n%q", tt.p, got, tt.want)
		}
	}
}

func TestBytesAreShownInPowersOf1024(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		-1: "0 B", 0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1<<20 - 1: "1.0 MiB", 1 << 20: "1.0 MiB", 5 << 30: "5.0 GiB", 1 << 40: "1.0 TiB",
		math.MaxInt64: "8.0 EiB",
	} {
		if got := bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestBarsShowWhatIsUnderWayAndCountWhatIsDone(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	b := newBars(&stdio.Streams{Err: &out, ErrTerminal: true, Columns: 100})
	last := func() string {
		_, text, _ := strings.Cut(out.String(), "\x1b[?7l")
		out.Reset()
		return strings.TrimSuffix(text, "\x1b[?7h")
	}
	b.report(transfer.Progress{Name: "a", Bytes: 1, Total: 4})
	b.report(transfer.Progress{Name: "b\x1b[2J", Bytes: 1, Total: -1})
	if got := last(); strings.Contains(got, "done") || !strings.Contains(got, "a\n") || strings.Contains(got, "\x1b[2J") {
		t.Errorf("at first %q", got)
	}
	b.report(transfer.Progress{Name: "a", Bytes: 4, Total: 4})
	if got := last(); strings.Contains(got, "  a\n") || !strings.Contains(got, "1 done, 4 B") {
		t.Errorf("then %q", got)
	}
	b.close()
	if got := out.String(); !strings.HasSuffix(got, "\x1b[J") {
		t.Errorf("at the end %q", got)
	}
}
