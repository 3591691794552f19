package show

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/anypb"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

func printed(t *testing.T, f Format, v View) string {
	t.Helper()
	var b strings.Builder
	if err := Print(&b, f, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile has what a terminal obeys, in every form of it.
const hostile = "a\x1b[2Jb\x9bc\u009bd\u202ee\u2066f\u061cg\u2028h\x7fi\rj\bk"

func TestNoFormatLetsAServerControlTheTerminal(t *testing.T) {
	t.Parallel()
	m := &projectpb.Project{Id: strings.ToValidUTF8(hostile, "?")}
	v := View{
		Value: Messages([]*projectpb.Project{m}), Columns: []string{"id", "name"}, Rows: [][]string{{hostile, hostile + "\n"}},
	}
	texts := map[string]string{}
	for _, f := range Formats() {
		texts[string(f)] = printed(t, f, v)
	}
	for _, f := range []Format{JSON, YAML} {
		var b strings.Builder
		if err := Next(&b, f, m); err != nil {
			t.Fatal(err)
		}
		texts["next "+string(f)] = b.String()
	}
	for name, text := range texts {
		for _, r := range text {
			if r != '\n' && commands(r) {
				t.Errorf("%s: %q has %U", name, text, r)
			}
		}
	}
}

func TestColumnsLineUpWhateverTheirCharacters(t *testing.T) {
	t.Parallel()
	got := printed(t, Table, View{
		Columns: []string{"name", "phase"}, Rows: [][]string{{"\u65e5\u672c\u8a9e", "ok"}, {"e\u0301te\u0301", "ok"}, {"x", ""}},
	})
	want := "NAME    PHASE\n\u65e5\u672c\u8a9e  ok\ne\u0301te\u0301     ok\nx\n"
	if got != want {
		t.Errorf("table\n%s, want\n%s", got, want)
	}
	if got := printed(t, Table, View{Columns: []string{"name"}}); got != "" {
		t.Errorf("a table without rows is %q", got)
	}
}

func TestNamesAreTheFirstCellsUnlessSaid(t *testing.T) {
	t.Parallel()
	v := View{Rows: [][]string{{"a", "1"}, {"b", "2"}}}
	if got := printed(t, Name, v); got != "a\nb\n" {
		t.Errorf("names %q", got)
	}
	v.Names = []string{"one"}
	if got := printed(t, Name, v); got != "one\n" {
		t.Errorf("names %q", got)
	}
}

func TestAListThatCannotBeShownIsAnErrorAndNotNull(t *testing.T) {
	t.Parallel()
	list := []*anypb.Any{{TypeUrl: "type.googleapis.com/not.Linked", Value: []byte{8, 1}}}
	for _, f := range []Format{JSON, YAML} {
		var b strings.Builder
		if err := Print(&b, f, View{Value: Messages(list)}); err == nil || b.Len() > 0 {
			t.Errorf("%s: printed %q without an error", f, b.String())
		}
	}
	if got := printed(t, JSON, View{Value: Messages[*anypb.Any](nil)}); got != "[]\n" {
		t.Errorf("an empty list is %q", got)
	}
}

func TestFormatIsOneOfThose(t *testing.T) {
	t.Parallel()
	var f Format
	if err := f.Set("xml"); err == nil || !strings.Contains(err.Error(), "table") {
		t.Errorf("xml: %v", err)
	}
	if err := f.Set("yaml"); err != nil || f != YAML || f.String() != "yaml" || f.Type() != "format" {
		t.Errorf("yaml: %q, %v", f, err)
	}
}

func TestCleanLineKeepsTabs(t *testing.T) {
	t.Parallel()
	if got := CleanLine("a\tb\x1b[1mc"); got != "a\tb\ufffd[1mc" {
		t.Errorf("%q", got)
	}
}

func TestWriterKeepsCharactersThatComeInTwoWrites(t *testing.T) {
	t.Parallel()
	text := "tab\tüber\r\n\u65e5\u672c\x1b[31m\u009b" + string([]byte{0xff}) + "end\n"
	want := "tab\tüber\r\n\u65e5\u672c\ufffd[31m\ufffd\ufffdend\n"
	for size := 1; size <= 5; size++ {
		var b strings.Builder
		w := Writer(&b)
		for at := 0; at < len(text); at += size {
			part := text[at:min(at+size, len(text))]
			if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		if b.String() != want {
			t.Errorf("in parts of %d: %q, want %q", size, b.String(), want)
		}
	}
}

func FuzzYAMLSaysWhatJSONSays(f *testing.F) {
	for _, s := range []string{`"true"`, `"1"`, `{"a":"~","b":[1,2.5,null,true]}`, `"a: b\n- c"`, `"\u202e\u009b"`, `"0x1F"`, `"2026-01-01"`, `" x "`, `"<<"`, `{"<<":{"a":1}}`, `{"":""}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want any
		if json.Unmarshal([]byte(text), &want) != nil || strings.Contains(text, "<<") && strings.HasPrefix(text, "{") {
			return // a merge key is one for the reader only
		}
		out, err := asYAML(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(out) {
			if r != '\n' && commands(r) {
				t.Fatalf("%q has %U", out, r)
			}
		}
		var got yaml.Node
		if err := yaml.Unmarshal(out, &got); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		var back any
		if err := got.Decode(&back); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		again, err := json.Marshal(back)
		if err != nil {
			return // keys that JSON has not
		}
		var same any
		if err := json.Unmarshal(again, &same); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(same, want) {
			t.Errorf("%q became %q, which is %v", text, out, same)
		}
	})
}
