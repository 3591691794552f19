package values_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/testing/protocmp"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/values"
)

// task takes one input that is required, one with a default, one that can be None, and one
// that the server finds.
func task(t *testing.T) *taskpb.TaskSpec {
	t.Helper()
	s := &taskpb.TaskSpec{}
	if err := prototext.Unmarshal([]byte(`
		task_template { interface {
			inputs {
				variables { key: "rate" value { type { simple: FLOAT } } }
				variables { key: "epochs" value { type { simple: INTEGER } } }
				variables { key: "limit" value { type { union_type { variants { simple: INTEGER } variants { simple: NONE } } } } }
				variables { key: "data" value { type { blob {} } } }
			}
			outputs { variables { key: "o0" value { type { simple: FLOAT } } } }
		} }
		default_inputs { name: "epochs" parameter { default { scalar { primitive { integer: 3 } } } } }
		default_inputs { name: "data" parameter { artifact_query { uri: "u" } } }
	`), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func inputsText(t *testing.T, text string) *taskpb.Inputs {
	t.Helper()
	in := &taskpb.Inputs{}
	if err := prototext.Unmarshal([]byte(text), in); err != nil {
		t.Fatal(err)
	}
	return in
}

const limitNone = `literals { name: "limit" value { scalar { union { value { scalar { none_type {} } } type { simple: NONE } } } } }`

func TestInputsAreWhatTheTaskTakes(t *testing.T) {
	t.Parallel()
	rate2, epochs3 := `literals { name: "rate" value { scalar { primitive { float_value: 2 } } } }`, `literals { name: "epochs" value { scalar { primitive { integer: 3 } } } }`
	for name, c := range map[string]struct {
		given any
		opts  []values.Option
		want  string
	}{
		"none without a task": {nil, nil, ``},
		"an empty map":        {map[string]int{}, nil, ``},
		"a map, in the order of its keys": {
			map[string]any{"rate": 2.0, "epochs": 3}, nil,
			epochs3 + rate2,
		},
		"a struct, in the order of its fields": {
			struct {
				Rate   float64 `json:"rate"`
				Epochs *int    `json:"epochs,omitempty"`
			}{Rate: 2}, nil,
			rate2,
		},
		"for a task, in its order, converted, with defaults": {
			map[string]int{"rate": 2},
			[]values.Option{values.ForTask(task(t))},
			rate2 + epochs3 + limitNone,
		},
		"what is given goes before a default": {
			map[string]any{"limit": 1, "epochs": 4, "rate": 2, "data": "s3://b/k"},
			[]values.Option{values.ForTask(task(t))},
			rate2 + `literals { name: "epochs" value { scalar { primitive { integer: 4 } } } }
			literals { name: "limit" value { scalar { union { value { scalar { primitive { integer: 1 } } } type { simple: INTEGER } } } } }
			literals { name: "data" value { scalar { blob { uri: "s3://b/k" metadata { type {} } } } } }`,
		},
		"a task without an interface takes none": {nil, []values.Option{values.ForTask(&taskpb.TaskSpec{})}, ``},
		"no interface at all":                    {map[string]int{"epochs": 3}, []values.Option{values.ForInterface(nil), nil}, epochs3},
		"a struct as JSON": {
			map[string]any{"s": struct{ A int }{1}},
			[]values.Option{values.WithStruct()},
			`literals { name: "s" value { scalar { generic { fields { key: "A" value { number_value: 1 } } } } } }`,
		},
	} {
		got, err := values.Inputs(c.given, c.opts...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(inputsText(t, c.want), got, protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestInputsThatTheTaskDoesNotTakeAreErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		given any
		opt   values.Option
		kind  error
		text  string
	}{
		{map[string]any{"rate": 1, "epoch": 1}, values.ForTask(task(t)), values.ErrUnknown, "values: inputs.epoch: unknown name: the task has none of that name; it has: rate, epochs, limit, data"},
		{map[string]any{}, values.ForTask(task(t)), values.ErrMissing, "values: inputs.rate: missing: the task needs it: a float"},
		{nil, values.ForTask(task(t)), values.ErrMissing, "inputs.rate"},
		{map[string]any{"rate": 1}, values.ForInterface(task(t).GetTaskTemplate().GetInterface()), values.ErrMissing, "inputs.epochs: missing"},
		{map[string]any{"rate": 1, "epochs": "3"}, values.ForTask(task(t)), values.ErrType, "inputs.epochs: wrong type: have a string, want an integer"},
		{map[string]any{"rate": 1, "epochs": nil}, values.ForTask(task(t)), values.ErrType, "have None, want an integer"},
		{map[string]any{"a": 1}, values.ForTask(nil), values.ErrUnknown, "it has: none"},
		{[]int{1}, nil, values.ErrType, "values: inputs: wrong type: have a list, want a map"},
		{3, nil, values.ErrType, "want a map"},
		{map[string]any{"a": []any{0, 0, 0, map[string]any{"b": func() {}}}}, nil, values.ErrType, "values: inputs.a[3].b: wrong type"},
		{map[string]any{"bad\x1b key": func() {}}, nil, values.ErrType, `inputs["bad\x1b key"]`},
	} {
		_, err := values.Inputs(c.given, c.opt)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v, want %v with %q", c.given, err, c.kind, c.text)
		}
	}
}

func TestOutputsAreWhatTheTaskReturns(t *testing.T) {
	t.Parallel()
	got, err := values.Outputs(map[string]any{"o0": 1}, values.ForTask(task(t)))
	if err != nil || got.GetLiterals()[0].GetValue().GetScalar().GetPrimitive().GetFloatValue() != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := values.Outputs(nil, values.ForTask(task(t))); !errors.Is(err, values.ErrMissing) || !strings.Contains(err.Error(), "outputs.o0") {
		t.Errorf("%v", err)
	}
}
