package oteljetway_test

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc/stats/opentelemetry"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/oteljetway"
)

// gRPC reports calls and attempts, and this package what logging in adds to them, to the
// same provider.
func Example() {
	server, err := mockserver.New()
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Close() }()

	reader := metric.NewManualReader()
	meters := metric.NewMeterProvider(metric.WithReader(reader))
	observer, err := oteljetway.New(oteljetway.Config{Meters: meters})
	if err != nil {
		panic(err)
	}
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure(),
		clientset.WithObserver(observer),
		clientset.WithDialOptions(opentelemetry.DialOption(opentelemetry.Options{
			MetricsOptions: opentelemetry.MetricsOptions{MeterProvider: meters},
		})))
	if err != nil {
		panic(err)
	}
	defer func() { _ = cs.Close() }()
	if _, err := cs.Project().ListProjects(context.Background(), &projectpb.ListProjectsRequest{}); err != nil {
		panic(err)
	}

	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		panic(err)
	}
	var names []string
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			names = append(names, m.Name)
		}
	}
	fmt.Println(slices.Contains(names, "grpc.client.call.duration"), slices.Contains(names, "jetway.wait.duration"))
	// Output: true true
}
