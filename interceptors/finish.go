package interceptors

import (
	"slices"
	"sync/atomic"

	"google.golang.org/grpc"
)

// finish holds the [grpc.OnFinish] callbacks of one call. gRPC promises to run
// them once, but would run them for every attempt; so they are removed from the
// attempts' options and run when the call itself ends. The finish takes their place
// among the options.
type finish struct {
	grpc.EmptyCallOption

	callbacks []func(error)
	done      atomic.Bool
}

// takeFinish moves the OnFinish callbacks of opts into a finish, and returns the
// other options with it. The finish is nil if there are none, as in most calls.
func takeFinish(opts []grpc.CallOption) (*finish, []grpc.CallOption) {
	if !slices.ContainsFunc(opts, isOnFinish) {
		return nil, opts
	}
	f := &finish{}
	rest := []grpc.CallOption{f}
	for _, o := range opts {
		if on, ok := o.(grpc.OnFinishCallOption); ok {
			f.callbacks = append(f.callbacks, on.OnFinish)
		} else {
			rest = append(rest, o)
		}
	}
	return f, rest
}

func isOnFinish(o grpc.CallOption) bool {
	_, ok := o.(grpc.OnFinishCallOption)
	return ok
}

// finishIn returns the finish that takeFinish put among the options, or nil.
func finishIn(opts []grpc.CallOption) *finish {
	for _, o := range opts {
		if f, ok := o.(*finish); ok {
			return f
		}
	}
	return nil
}

// call runs the callbacks once; err is nil if the call succeeded.
func (f *finish) call(err error) {
	if f == nil || f.done.Swap(true) {
		return
	}
	for _, on := range f.callbacks {
		on(err)
	}
}
