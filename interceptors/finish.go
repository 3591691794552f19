package interceptors

import (
	"slices"
	"sync/atomic"

	"google.golang.org/grpc"
)

// finish holds the [grpc.OnFinish] callbacks of one call. gRPC promises to run
// them once, but would do so for every attempt; so they are taken out of the
// attempts' options and run when the call itself has ended. It stands among the
// options in their place.
type finish struct {
	grpc.EmptyCallOption

	callbacks []func(error)
	done      atomic.Bool
}

// takeFinish returns opts without OnFinish callbacks, which are in the finish
// then. It is nil when there are none, as in most calls.
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

// finishIn finds what takeFinish left among the options; may be nil.
func finishIn(opts []grpc.CallOption) *finish {
	for _, o := range opts {
		if f, ok := o.(*finish); ok {
			return f
		}
	}
	return nil
}

// call runs the callbacks, unless that has been done. A good end is nil.
func (f *finish) call(err error) {
	if f == nil || f.done.Swap(true) {
		return
	}
	for _, on := range f.callbacks {
		on(err)
	}
}
