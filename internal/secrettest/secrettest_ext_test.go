package secrettest_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/secrettest"
)

// secret has every kind of character that one of the forms encodes differently.
const secret = "canary \"+/&<é>\n~?1f0c"

// verdict is a testing.TB that records its errors.
type verdict struct {
	testing.TB

	errors []string
}

func (*verdict) Helper() {}

func (v *verdict) Errorf(format string, args ...any) {
	v.errors = append(v.errors, fmt.Sprintf(format, args...))
}

func TestHidesFindsEveryEncodingOfASecret(t *testing.T) {
	t.Parallel()
	quoted, err := json.Marshal(map[string]string{"k": secret})
	if err != nil {
		t.Fatal(err)
	}
	for how, text := range map[string]string{
		"itself":     "before " + secret + " after",
		"%q":         fmt.Sprintf("%q", secret),
		"%#v":        fmt.Sprintf("%#v", struct{ s string }{secret}),
		"%x":         fmt.Sprintf("%x", secret),
		"%X":         fmt.Sprintf("%X", secret),
		"% x":        fmt.Sprintf("% x", secret),
		"bytes":      fmt.Sprint([]byte(secret)),
		"JSON":       string(quoted),
		"a form":     url.Values{"client_secret": {secret}}.Encode(),
		"a path":     (&url.URL{Path: "/"}).JoinPath(url.PathEscape(secret)).String(),
		"base64":     base64.StdEncoding.EncodeToString([]byte(secret)),
		"Basic of 5": base64.StdEncoding.EncodeToString([]byte("user:" + secret)),
		"Basic of 6": base64.StdEncoding.EncodeToString([]byte("users:" + secret + ":more")),
		"Basic of 7": base64.StdEncoding.EncodeToString([]byte("anyone:" + secret)),
		"in a JWT":   base64.RawURLEncoding.EncodeToString([]byte(`{"password":"x` + secret + `"}`)),
		"a web page": "&lt;b&gt;canary &#34;+/&amp;&lt;é&gt;\n~?1f0c",
	} {
		// Given much text with the secret in it ...
		var sink secrettest.Sink
		fmt.Fprintln(&sink, strings.Repeat("x", 1000), text, strings.Repeat("y", 1000))
		// ... when it is checked, then the test fails once or more, with the place.
		v := &verdict{}
		sink.Hides(v, "another", secret)
		if len(v.errors) == 0 || !strings.Contains(v.errors[0], "xxx") {
			t.Errorf("%s is not found: %q", how, v.errors)
		}
	}
}

func TestHidesPassesWithoutASecret(t *testing.T) {
	t.Parallel()
	var sink secrettest.Sink
	sink.Dump("nothing of the kind")
	v := &verdict{}
	sink.Hides(v, secret, "")
	sink.Heard(v, "of the kind")
	if len(v.errors) != 0 {
		t.Error(v.errors)
	}
	// Text that is missing fails the test.
	sink.Heard(v, "kind", "something else")
	if len(v.errors) != 1 || !strings.Contains(v.errors[0], `"something else"`) {
		t.Error(v.errors)
	}
}

// discreet does not show its secret in fmt, and in fmt only.
type discreet struct{ Secret string }

func (discreet) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[redacted]")) }

// deep does not show what it wraps in its own text.
type deep struct{ causes []error }

func (deep) Error() string              { return "deep" }
func (d deep) Unwrap() []error          { return d.causes }
func (deep) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("deep")) }

func TestDumpPrintsFieldsCausesAndStatus(t *testing.T) {
	t.Parallel()
	details, err := status.New(codes.Internal, "in the status "+secret).WithDetails()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{
		"a text":                      secret,
		"a field":                     struct{ Field, other string }{"", secret},
		"JSON":                        discreet{secret},
		"a wrapped error":             fmt.Errorf("operation: %w", errors.New(secret)),
		"one of several wrapped ones": deep{[]error{errors.New("first"), fmt.Errorf("second: %w", errors.New(secret))}},
		"the status":                  deep{[]error{details.Err()}},
	} {
		var sink secrettest.Sink
		sink.Dump(value)
		v := &verdict{}
		sink.Hides(v, secret)
		if len(v.errors) == 0 {
			t.Errorf("%s is not found:\n%s", name, sink.String())
		}
	}
}

func TestTheLoggerWritesEveryLevelInBothFormats(t *testing.T) {
	t.Parallel()
	var sink secrettest.Sink
	sink.Logger().Debug("event", "who", "ada")
	sink.Heard(t, "level=DEBUG", "who=ada", `"level":"DEBUG"`, `"who":"ada"`)
}

func TestFormsReturnsEachEncodingOnce(t *testing.T) {
	t.Parallel()
	var names []string
	for _, form := range secrettest.Forms("abc") {
		names = append(names, form.Name)
	}
	if want := []string{"as it is", "hex", "hex with spaces", "bytes"}; !slices.Equal(names, want) {
		t.Errorf("forms %q, want %q", names, want)
	}
	if forms := secrettest.Forms(""); len(forms) != 0 {
		t.Errorf("an empty secret has forms: %q", forms)
	}
}
