package backend

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

func decimal(n int) string { return strconv.Itoa(n) }

// notNegative requires the durations with these names to be 0 or more.
func notNegative(names ...protoreflect.Name) rule {
	return each(names, func(v protoreflect.Value) string {
		d, ok := v.Message().Interface().(*durationpb.Duration)
		if ok && d.AsDuration() < 0 {
			return "must not be negative, is " + d.AsDuration().Round(time.Millisecond).String()
		}
		return ""
	})
}

// backoffRule requires a cap for a growing backoff.
func backoffRule(vs *violations, path string, m protoreflect.Message) {
	b, ok := m.Interface().(*corepb.Backoff)
	if !ok || b.Factor == nil {
		return
	}
	if b.GetFactor() < 1 {
		vs.addf(join(path, "factor"), "must be at least 1")
	}
	if b.GetFactor() > 1 && b.GetCap() == nil {
		vs.addf(join(path, "cap"), "is required when factor is over 1")
	}
}

// replicasRule requires the bounds of a reuse policy to be in order.
func replicasRule(vs *violations, path string, m protoreflect.Message) {
	p, ok := m.Interface().(*corepb.ReusePolicy)
	if !ok {
		return
	}
	if p.GetMinReplicas() < 0 {
		vs.addf(join(path, "min_replicas"), "must not be negative")
	}
	if p.GetMaxReplicas() < 1 {
		vs.addf(join(path, "max_replicas"), "must be at least 1")
	}
	if p.GetMaxReplicas() < p.GetMinReplicas() {
		vs.addf(join(path, "max_replicas"), "must not be under min_replicas")
	}
}
