package kernel

import (
	"strings"
	"testing"
)

// The code of a run that has returned may put out more for hours.
func TestOutputOfARunThatHasReturnedIsNotKept(t *testing.T) {
	t.Parallel()
	run := newTurn("m", DefaultMaxOutput)
	stream := message{"stream", "m", []byte(`{"name":"stdout","text":"` + strings.Repeat("x", 1000) + `"}`)}
	display := message{"display_data", "m", []byte(`{"data":{"text/plain":"x"}}`)}
	take := func() {
		for _, m := range []message{stream, display, stream} {
			if err := run.take(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if take(); len(run.waiting) != 3 {
		t.Fatalf("%d pieces are kept, want 3", len(run.waiting))
	}
	run.left, run.waiting = true, nil
	if take(); len(run.waiting) > 0 || run.isOver() {
		t.Errorf("%d pieces are kept", len(run.waiting))
	}
	for _, m := range []message{{"execute_reply", "m", []byte(`{"status":"ok"}`)}, {"status", "m", []byte(`{"execution_state":"idle"}`)}} {
		if err := run.take(m); err != nil {
			t.Fatal(err)
		}
	}
	if !run.isOver() {
		t.Error("the end is not noticed")
	}
}
