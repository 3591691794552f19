// Kubeflow lists runs and experiments of Kubeflow Pipelines, in the three ways
// that its documentation has: from a pod with a ServiceAccount token, from outside
// with a user of Dex, and at a standalone deployment that requires no login. From
// outside, where only HTTP gets through, it also uploads a pipeline, creates a run and
// waits for it, with the same stubs. The deployment is a mock on this machine.
//
// In a pod of a real deployment, one line makes the client:
//
//	cs, err := clientset.For(ctx, kubeflow.Resolver{})
//
// To copy this program into a module of your own, import the stubs of
// github.com/kubeflow/pipelines/backend/api/v2beta1/go_client instead of
// internal/kfppb, which has the same messages and services under the same names, and
// drop the mock that internal/kfptest registers. Both are internal because a program
// that links them and Kubeflow's own stubs would register the same names twice.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubeflow:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	for _, way := range []struct {
		name string
		do   func(context.Context, io.Writer) error
	}{
		{"in a pod, with a ServiceAccount token", inAPod},
		{"from outside, by way of Dex", fromOutside},
		{"standalone", standalone},
	} {
		fmt.Fprintln(out, way.name)
		if err := way.do(ctx, out); err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
	}
	return nil
}

// list is what a program does, however it has logged in: any KFP stub works on the
// client, which is a connection for gRPC, and on its HTTPConn.
func list(ctx context.Context, out io.Writer, cc grpc.ClientConnInterface) error {
	runs, err := kfppb.NewRunServiceClient(cc).ListRuns(ctx, &kfppb.ListRunsRequest{Namespace: namespace})
	if err != nil {
		return err
	}
	experiments, err := kfppb.NewExperimentServiceClient(cc).ListExperiments(ctx, &kfppb.ListExperimentsRequest{Namespace: namespace})
	if err != nil {
		return err
	}
	for _, r := range runs.GetRuns() {
		fmt.Fprintf(out, "  run %s of %d experiments\n", r.GetDisplayName(), experiments.GetTotalSize())
	}
	return nil
}

// use makes a client, lists over gRPC, and closes it.
func use(ctx context.Context, out io.Writer, r kubeflow.Resolver, between func() error) (err error) {
	cs, err := clientset.For(ctx, r)
	if err != nil {
		return err
	}
	defer cs.Close()
	if err := list(ctx, out, cs); err != nil || between == nil {
		return err
	}
	if err := between(); err != nil {
		return err
	}
	return list(ctx, out, cs)
}

// nowhere is an environment with nothing in it, so that this machine's own has no
// part in the example.
func nowhere(string) (string, bool) { return "", false }
