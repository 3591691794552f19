package command

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

func TestParsedIsJSONOrElseTheText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text     string
		isString bool
		want     any
	}{
		{"3", false, json.Number("3")},
		{"9223372036854775807", false, json.Number("9223372036854775807")},
		{"true", false, true},
		{"null", false, nil},
		{`[1,"a"]`, false, []any{json.Number("1"), "a"}},
		{`"3"`, false, "3"},
		{"3 apples", false, "3 apples"},
		{"Ada", false, "Ada"},
		{"{", false, "{"},
		{"", false, ""},
		{" 3 ", false, json.Number("3")},
		{"3", true, "3"},
		{"true", true, "true"},
		{"null", true, "null"},
		{`[1]`, true, `[1]`},
		{`"3"`, true, "3"},
		{`"a" b`, true, `"a" b`},
		{"", true, ""},
	} {
		if got := parsed(tt.text, tt.isString); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q (string: %v) is %#v, want %#v", tt.text, tt.isString, got, tt.want)
		}
	}
}

func TestSingleInputsCountOverTheObject(t *testing.T) {
	t.Parallel()
	vars := &corepb.VariableMap{Variables: []*corepb.VariableEntry{{Key: "name", Value: &corepb.Variable{
		Type: &corepb.LiteralType{Type: &corepb.LiteralType_Simple{Simple: corepb.SimpleType_STRING}},
	}}}}
	a := &App{}
	given, err := a.inputs(createFlags{inputs: `{"name":"x","times":9007199254740993}`, set: []string{"name=7", "other=a=b"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"name": "7", "times": json.Number("9007199254740993"), "other": "a=b"}
	if got := given.of(vars); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if given, err := a.inputs(createFlags{inputs: "null", set: []string{"a=1"}}); err != nil || len(given.of(nil)) != 1 {
		t.Errorf("null: %v, %v", given, err)
	}
	for _, f := range []createFlags{{inputs: "[]"}, {inputs: "{} {}"}, {inputs: "{"}, {set: []string{"a"}}, {set: []string{"=a"}}, {inputs: "@/nowhere"}} {
		if _, err := a.inputs(f); failure.Of(err).Exit != failure.Misuse {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
