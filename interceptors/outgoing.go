package interceptors

import (
	"context"
	"reflect"

	"google.golang.org/grpc/metadata"
)

// headerContext answers one question, what metadata goes out, from what was
// prepared when the credentials changed, and leaves every other to its parent.
// It spares each call the building of a map. It is not pooled: gRPC may hold a
// context after the call has returned.
type headerContext struct {
	context.Context //nolint:containedctx // it is a context

	h *headers
}

func (c *headerContext) Value(key any) any {
	if key == c.h.key {
		return c.h.out
	}
	return c.Context.Value(key)
}

// outgoingKey learns the key under which gRPC keeps outgoing metadata in a
// context, by looking at what it asks a context for. Nil means that the key
// cannot be learnt, and then metadata is attached the long way.
func outgoingKey() any {
	ctx := context.Background() //nolint:forbidigo // nothing runs in it
	probe := &keyProbe{Context: ctx}
	metadata.FromOutgoingContext(probe)
	if probe.asked != 1 || probe.key == nil || !reflect.TypeOf(probe.key).Comparable() {
		return nil
	}
	want := metadata.Pairs("probe", "1")
	h := &headers{key: probe.key, out: metadata.NewOutgoingContext(ctx, want).Value(probe.key)}
	got, ok := metadata.FromOutgoingContext(&headerContext{ctx, h})
	if !ok || !reflect.DeepEqual(got, want) {
		return nil
	}
	return probe.key
}

type keyProbe struct {
	context.Context //nolint:containedctx // it is a context

	key   any
	asked int
}

func (p *keyProbe) Value(key any) any {
	p.key = key
	p.asked++
	return nil
}
