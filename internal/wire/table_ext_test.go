package wire_test

import (
	"strings"
	"testing"

	"github.com/jetway-go/jetway/internal/wire"
)

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()

	tests := []struct{ name, table, want string }{
		{"unknown kind", "file\ta\tb\tproto3\nfeild\ta\t1\n", `line 2: unknown kind of row "feild"`},
		{"empty line", "\n", `line 1: unknown kind of row ""`},
		{"too few columns", "message\tflyteidl2.app.Identifier\n", "line 1: message has 1 columns, want 3"},
		{"too many columns", "external\ta\tb\tc\n", "line 1: external has 3 columns, want 2"},
		{"a fact twice", "external\ta\tb\nexternal\ta\tb\n", "line 2: external a b is there twice"},
		{"a kind that only we make", "other\ta\tb\n", `line 1: unknown kind of row "other"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.Parse(strings.NewReader(tt.table))
			if err == nil || err.Error() != tt.want {
				t.Errorf("Parse: %v, want %s", err, tt.want)
			}
		})
	}
}
