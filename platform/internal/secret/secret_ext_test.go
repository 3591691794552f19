package secret_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/internal/secret"
	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

func TestSources(t *testing.T) {
	t.Setenv("JETWAY_TEST_SECRET", "from-env")
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, []byte("from-file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]secret.Source{
		"given": secret.Value("given"), "from-env": secret.Env("JETWAY_TEST_SECRET"), "from-file": secret.File(path),
	} {
		if got, err := s.Read("Field"); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
		if text := fmt.Sprintf("%v %+v %#v", s, struct{ s secret.Source }{s}, s); strings.Contains(text, want) {
			t.Errorf("printing shows %s", text)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, make([]byte, smallfile.Limit+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]secret.Source{
		"Field is not set": nil, "Field is empty": secret.Value(""), "JETWAY_NO_SUCH_VARIABLE": secret.Env("JETWAY_NO_SUCH_VARIABLE"),
		"/nowhere/s": secret.File("/nowhere/s"), "larger than 1024 KiB": secret.File(big), "not a regular file": secret.File(t.TempDir()),
		"Field: boom": func() (string, error) { return "", errors.New("boom") },
	} {
		if _, err := s.Read("Field"); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "Field") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
