package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// inputs are the values for a run as they were given: all in an object, and single ones,
// which count over those.
type inputs struct {
	all    map[string]any
	single map[string]string
}

// inputs reads the values of the flags.
func (a *App) inputs(f createFlags) (inputs, error) {
	given := inputs{all: map[string]any{}, single: map[string]string{}}
	if f.inputs != "" {
		from, err := a.input(f.inputs)
		if err != nil {
			return given, err
		}
		defer from.Close()
		d := json.NewDecoder(from)
		d.UseNumber() // an int64 keeps its digits
		if err := d.Decode(&given.all); err != nil {
			return given, failure.Exit(failure.Misuse, fmt.Errorf("--inputs is no JSON object: %w", notObject(err)), "")
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return given, failure.Usage("--inputs has more than one JSON object")
		}
	}
	for _, pair := range f.set {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return given, failure.Usage("--input %q: want NAME=VALUE", pair)
		}
		given.single[name] = value
	}
	return given, nil
}

// notObject returns the error of a text that should be a JSON object, without Go's own types.
func notObject(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("it is a JSON %s", wrong.Value)
	}
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	return err
}

// of returns the values for a task that takes these variables.
func (i inputs) of(vars *corepb.VariableMap) map[string]any {
	texts := map[string]bool{}
	for _, v := range vars.GetVariables() {
		texts[v.GetKey()] = v.GetValue().GetType().GetSimple() == corepb.SimpleType_STRING
	}
	out := maps.Clone(i.all)
	if out == nil { // of the JSON null
		out = map[string]any{}
	}
	for name, text := range i.single {
		out[name] = parsed(text, texts[name])
	}
	return out
}

// parsed returns the value of a text that is JSON, or else the text. For an input that is
// a string the text counts unless it is one in quotes: a name may be "3" or "true".
func parsed(text string, isString bool) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return text
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return text // "3 apples" begins with JSON
	}
	if _, quoted := v.(string); isString && !quoted {
		return text
	}
	return v
}
