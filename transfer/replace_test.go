package transfer

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// A pipe cannot be synced, and has no name: what commit says shows how far it came.
func TestWithSyncTheContentIsOnTheDiskBeforeItTakesItsPlace(t *testing.T) {
	t.Parallel()
	for sync, want := range map[bool]string{true: "sync", false: "rename"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		next := &replacement{w, t.TempDir() + "/a"}
		err = next.commit(sync)
		op := ""
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			op = failed.Op
		}
		if failed, ok := errors.AsType[*os.LinkError](err); ok {
			op = failed.Op
		}
		if op != want {
			t.Errorf("sync %t: %v, want an error of %s", sync, err, want)
		}
		_, _ = w.Close(), r.Close()
	}
	if got := newConfig([]Option{WithSync()}); !got.sync {
		t.Error("WithSync has no effect")
	}
}
