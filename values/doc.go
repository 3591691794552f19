// Package values converts Go values to Flyte's literals and back: what a run takes and what
// it returns.
//
// A literal is a tree of protocol messages that Flyte's services and its Python SDK
// exchange. [Inputs] makes the inputs of a CreateRun or an UploadInputs from a map or a
// struct; with [ForTask] it converts by the task's interface, fills in defaults and names
// inputs that are missing or unknown. [Get] reads one output, [Decode] all of them into a
// struct or a map:
//
//	in, err := values.Inputs(map[string]any{"epochs": 3, "rate": 0.1})
//	loss, err := values.Get[float64](data.GetOutputs(), "o0")
//
// Nothing is converted with a loss: a number that does not fit, or that has digits which the
// other side cannot hold, is an error; only a float32 takes the nearest that it has. Every
// error is an [*Error] with the path of the value.
package values
