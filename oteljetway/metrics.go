package oteljetway

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jetway-go/jetway/auth"
)

// metrics are the instruments.
type metrics struct {
	renewals, requests, waits, store, leases metric.Float64Histogram
	rejections                               metric.Int64Counter
	left                                     metric.Float64ObservableGauge
	gauge                                    metric.Registration
}

func newMetrics(m metric.Meter, timesLeft metric.Callback) (*metrics, error) {
	var errs []error
	buckets := []float64{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300} // from memory's time to a person's
	histogram := func(name, description string) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
			metric.WithExplicitBucketBoundaries(buckets...))
		errs = append(errs, err)
		return h
	}
	all := &metrics{
		renewals: histogram("jetway.renewal.duration", "Replacements of a login, for all calls that wait for one."),
		requests: histogram("jetway.token_request.duration",
			"What flows do to obtain a token: requests to the authorization server, and a person's time."),
		waits:  histogram("jetway.wait.duration", "Waits of calls that had no valid token."),
		store:  histogram("jetway.store.operation.duration", "Operations of the store of logins."),
		leases: histogram("jetway.store.lease.duration", "How long a login was locked."),
	}
	var err error
	all.rejections, err = m.Int64Counter("jetway.rejections", metric.WithUnit("{rejection}"),
		metric.WithDescription("Calls whose token a server rejected."))
	errs = append(errs, err)
	all.left, err = m.Float64ObservableGauge("jetway.login.time_left", metric.WithUnit("s"),
		metric.WithDescription("Time until the access token expires; below zero after that."))
	errs = append(errs, err)
	all.gauge, err = m.RegisterCallback(timesLeft, all.left)
	return all, errors.Join(append(errs, err)...)
}

// record adds an operation that has ended.
func (m *metrics) record(ctx context.Context, kind auth.OperationKind, took time.Duration, all []attribute.KeyValue) {
	var h metric.Float64Histogram
	switch kind {
	case auth.Renewal:
		h = m.renewals
	case auth.Wait:
		h = m.waits
	case auth.Leasing:
		h = m.leases
	case auth.Refreshing, auth.LoggingIn:
		h, all = m.requests, append(slices.Clip(all), attribute.String(keyOperation, string(kind)))
	case auth.Reading, auth.Storing, auth.Deleting, auth.Locking:
		h, all = m.store, append(slices.Clip(all), attribute.String(keyOperation, string(kind)))
	default: // of a later version
		return
	}
	h.Record(ctx, took.Seconds(), metric.WithAttributes(all...))
}
