package transfer

import (
	"errors"
	"strings"
	"testing"
)

// net/http may still send the content of an attempt that failed. It must then leave the
// reader to the next one.
func TestAnAttemptThatIsOverReadsNoMore(t *testing.T) {
	t.Parallel()
	r := strings.NewReader("content")
	b := &body{r: r}
	if n, err := b.Read(make([]byte, 3)); n != 3 || err != nil || b.n.Load() != 3 {
		t.Errorf("%d, %v, counted %d", n, err, b.n.Load())
	}
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	if n, err := b.Read(make([]byte, 3)); n != 0 || !errors.Is(err, errOver) || r.Len() != 4 {
		t.Errorf("after Close: %d, %v, and %d bytes remain of 4", n, err, r.Len())
	}
}
