package values_test

import (
	"errors"
	"fmt"
	"time"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/values"
)

// A run is created with inputs from a map.
func ExampleInputs() {
	in, err := values.Inputs(map[string]any{
		"epochs": 3,
		"rate":   0.1,
		"start":  time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC),
		"data":   values.Blob{URI: "s3://bucket/train.csv"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := &workflowpb.CreateRunRequest{InputWrapper: &workflowpb.CreateRunRequest_Inputs{Inputs: in}}
	for _, l := range request.GetInputs().GetLiterals() {
		fmt.Println(l.GetName())
	}
	// Output:
	// data
	// epochs
	// rate
	// start
}

// With the task's interface an integer becomes the float that the task takes, a default is
// filled in, and a name that the task does not have is an error.
func ExampleForTask() {
	spec := exampleTask() // of GetTaskDetails
	in, err := values.Inputs(map[string]any{"rate": 1}, values.ForTask(spec))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range in.GetLiterals() {
		fmt.Println(l.GetName(), l.GetValue().GetScalar().GetPrimitive().GetValue())
	}
	_, err = values.Inputs(map[string]any{"rates": 1}, values.ForTask(spec))
	fmt.Println(errors.Is(err, values.ErrUnknown), err)
	// Output:
	// rate &{1}
	// epochs &{3}
	// true values: inputs.rates: unknown name: the task has none of that name; it has: rate, epochs
}

func exampleTask() *taskpb.TaskSpec {
	simple := func(t corepb.SimpleType) *corepb.Variable {
		return &corepb.Variable{Type: &corepb.LiteralType{Type: &corepb.LiteralType_Simple{Simple: t}}}
	}
	three, err := values.Encode(3, nil)
	if err != nil {
		return nil
	}
	return &taskpb.TaskSpec{
		TaskTemplate: &corepb.TaskTemplate{Interface: &corepb.TypedInterface{Inputs: &corepb.VariableMap{
			Variables: []*corepb.VariableEntry{
				{Key: "rate", Value: simple(corepb.SimpleType_FLOAT)},
				{Key: "epochs", Value: simple(corepb.SimpleType_INTEGER)},
			},
		}}},
		DefaultInputs: []*taskpb.NamedParameter{{
			Name:      "epochs",
			Parameter: &corepb.Parameter{Behavior: &corepb.Parameter_Default{Default: three}},
		}},
	}
}

// Each output of a run is read into the type that the program wants.
func ExampleGet() {
	outputs, err := values.Outputs(map[string]any{"o0": 0.25, "o1": []string{"a", "b"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	loss, err := values.Get[float64](outputs, "o0")
	fmt.Println(loss, err)
	labels, err := values.Get[[]string](outputs, "o1")
	fmt.Println(labels, err)
	_, err = values.Get[[]int](outputs, "o1")
	fmt.Println(err)
	// Output:
	// 0.25 <nil>
	// [a b] <nil>
	// values: outputs.o1[0]: wrong type: have a string, want an integer
}

// All outputs are read into a struct.
func ExampleDecode() {
	outputs, err := values.Outputs(map[string]any{ // of GetActionData
		"o0": 0.25, "o1": values.Blob{URI: "s3://bucket/model.bin"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var result struct {
		Loss  float64     `json:"o0"`
		Model values.Blob `json:"o1"`
	}
	err = values.Decode(outputs, &result)
	fmt.Println(result.Loss, result.Model.URI, err)
	// Output: 0.25 s3://bucket/model.bin <nil>
}
