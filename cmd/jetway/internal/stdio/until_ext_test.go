package stdio_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

func TestAReadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	silent, writer := io.Pipe()
	defer writer.Close() // ends the read that goes on
	in := stdio.Until(ctx, silent)
	go cancel(why)
	for range 2 {
		if n, err := in.Read(make([]byte, 9)); n != 0 || !errors.Is(err, why) {
			t.Errorf("%d, %v", n, err)
		}
	}
}

func TestAReadUntilAnEndDeliversWhatThereIs(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789"), 9999)
	if err := iotest.TestReader(stdio.Until(t.Context(), bytes.NewReader(content)), content); err != nil {
		t.Error(err)
	}
}
