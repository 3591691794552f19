package values

import (
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// Option changes what [Inputs] and [Outputs] make.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	iface    *corepb.TypedInterface // nil: the values say their types
	defaults []*taskpb.NamedParameter
	asStruct bool
}

// ForTask converts by the interface of a task, and fills in the defaults of its inputs. A
// task without an interface takes nothing.
func ForTask(spec *taskpb.TaskSpec) Option {
	return option(func(c *config) {
		c.iface = spec.GetTaskTemplate().GetInterface()
		if c.iface == nil {
			c.iface = &corepb.TypedInterface{}
		}
		c.defaults = spec.GetDefaultInputs()
	})
}

// ForInterface is [ForTask] where only the interface is known: there are no defaults. With
// nil the values say their types.
func ForInterface(i *corepb.TypedInterface) Option {
	return option(func(c *config) { c.iface, c.defaults = i, nil })
}

// WithStruct sends structs whose type is not known as a protobuf Struct, which is JSON,
// instead of msgpack. Flyte's SDK reads both and writes msgpack, which keeps integers apart
// from floats, and exact beyond 2^53.
func WithStruct() Option { return option(func(c *config) { c.asStruct = true }) }
