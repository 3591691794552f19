package oteljetway

import (
	"context"
	"slices"
	"sync"
	"time"
	"weak"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/jetway-go/jetway/auth"
)

const scope = "github.com/jetway-go/jetway/oteljetway"

// Config says where metrics and spans go. The zero value is the global providers of package
// otel, as they are when [New] is called.
type Config struct {
	// Meters makes the instruments; nil means otel.GetMeterProvider.
	Meters metric.MeterProvider
	// Traces makes the spans; nil means otel.GetTracerProvider.
	Traces trace.TracerProvider
}

// Observer reports to OpenTelemetry. One serves any number of logins. It is safe for
// concurrent use. Make it with [New].
type Observer struct {
	tracer  trace.Tracer
	metrics *metrics
	logins  sync.Map // weak.Pointer[auth.Authenticator] → attributes: those that are not closed
}

var _ auth.Observer = (*Observer)(nil)

// New returns an Observer that reports as c says. The error is that of the MeterProvider.
func New(c Config) (*Observer, error) {
	if c.Meters == nil {
		c.Meters = otel.GetMeterProvider()
	}
	if c.Traces == nil {
		c.Traces = otel.GetTracerProvider()
	}
	o := &Observer{tracer: c.Traces.Tracer(scope)}
	var err error
	o.metrics, err = newMetrics(c.Meters.Meter(scope), o.timesLeft)
	return o, err
}

// Close ends the reports of how long logins are good for. Operations under way are
// reported all the same.
func (o *Observer) Close() error { return o.metrics.gauge.Unregister() }

// Begin reports an operation, and its time and error when it ends.
func (o *Observer) Begin(ctx context.Context, op auth.Operation) (context.Context, func(auth.Result)) {
	if op.Kind == auth.Closing {
		o.logins.Delete(weak.Make(op.Login))
		return ctx, nil
	}
	base := o.attributes(op)
	if op.Kind == auth.Rejection {
		o.metrics.rejections.Add(ctx, 1, metric.WithAttributes(base...))
		trace.SpanFromContext(ctx).AddEvent("jetway.rejection")
		return ctx, nil
	}
	start := time.Now()
	ctx, span := o.span(ctx, op.Kind, base)
	return ctx, func(r auth.Result) {
		end := slices.Clip(base)
		if r.Outcome != "" {
			end = append(end, attribute.String(keyOutcome, string(r.Outcome)))
		}
		if r.Err != nil {
			end = append(end, attribute.String(keyError, errorType(r.Err)))
			span.SetStatus(codes.Error, "")
		}
		span.SetAttributes(end...)
		o.metrics.record(ctx, op.Kind, time.Since(start), end)
		span.End()
	}
}

// span begins a span, where the operation has one: a lease is a time and no work, and a call
// that is not traced has no span for its wait.
func (o *Observer) span(ctx context.Context, kind auth.OperationKind, base []attribute.KeyValue) (context.Context, trace.Span) {
	if kind == auth.Leasing || kind == auth.Wait && !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, trace.SpanFromContext(context.Background()) //nolint:forbidigo // the span that records nothing
	}
	return o.tracer.Start(ctx, "jetway."+string(kind), trace.WithAttributes(base...))
}

// attributes returns those that all operations of a login have.
func (o *Observer) attributes(op auth.Operation) []attribute.KeyValue {
	login := weak.Make(op.Login)
	if known, ok := o.logins.Load(login); ok {
		return known.([]attribute.KeyValue) //nolint:forcetypeassert // nothing else is in it
	}
	key := op.Login.Status().Key
	all := []attribute.KeyValue{attribute.String(keyHost, host(key.Endpoint)), attribute.String(keyFlow, flowName(key.Flow))}
	o.logins.Store(login, all)
	return all
}

// timesLeft reports how long the access tokens are still good for, by host and flow: of
// several the one that ends first.
func (o *Observer) timesLeft(_ context.Context, to metric.Observer) error {
	first := map[attribute.Distinct]float64{}
	sets := map[attribute.Distinct]attribute.Set{}
	o.logins.Range(func(k, v any) bool {
		login := k.(weak.Pointer[auth.Authenticator]).Value() //nolint:forcetypeassert // nothing else is in it
		if login == nil {
			o.logins.Delete(k)
			return true
		}
		s := login.Status()
		if s.ID == "" || s.Expiry.IsZero() {
			return true
		}
		set := attribute.NewSet(v.([]attribute.KeyValue)...) //nolint:forcetypeassert // nothing else is in it
		left, same := time.Until(s.Expiry).Seconds(), set.Equivalent()
		if known, ok := first[same]; !ok || left < known {
			first[same], sets[same] = left, set
		}
		return true
	})
	for same, left := range first {
		to.ObserveFloat64(o.metrics.left, left, metric.WithAttributeSet(sets[same]))
	}
	return nil
}
