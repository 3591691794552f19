package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

// compiled is what Kubeflow's compiler writes, if it is a file: see kubeflow.FilePackage.
const compiled = "pipelineInfo: {name: train}\n"

// train uploads a pipeline, runs it and waits for the end.
func train(ctx context.Context, out io.Writer, cs *clientset.ClientSet) error {
	pipeline, err := kubeflow.NewClient(cs.HTTPClient(), cs.HTTPURL("")).UploadPipeline(ctx,
		kubeflow.Package{Name: "train.yaml", Content: strings.NewReader(compiled), Size: int64(len(compiled))},
		kubeflow.Upload{Name: "train", Namespace: namespace})
	if err != nil {
		return err
	}
	stub := kfppb.NewRunServiceClient(cs.HTTPConn())
	run, err := stub.CreateRun(ctx, &kfppb.CreateRunRequest{Run: &kfppb.Run{
		DisplayName: "train", ExperimentId: "e-1",
		PipelineSource: &kfppb.Run_PipelineVersionReference{
			PipelineVersionReference: &kfppb.PipelineVersionReference{PipelineId: pipeline.ID},
		},
		RuntimeConfig: &kfppb.RuntimeConfig{Parameters: map[string]*structpb.Value{"epochs": structpb.NewNumberValue(3)}},
	}})
	if err != nil {
		return err
	}
	run, err = wait(ctx, stub, run, 10*time.Millisecond) // 5 seconds for a real one
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  run %s of pipeline %s: %s\n", run.GetDisplayName(), pipeline.Name, run.GetState())
	return nil
}

// wait asks for a run until it is over, or ctx ends. A session that ends in the meantime is
// replaced.
func wait(ctx context.Context, stub kfppb.RunServiceClient, run *kfppb.Run, every time.Duration) (*kfppb.Run, error) {
	for {
		switch run.GetState() { //nolint:exhaustive // the others go on
		case kfppb.RuntimeState_SUCCEEDED, kfppb.RuntimeState_SKIPPED, kfppb.RuntimeState_FAILED, kfppb.RuntimeState_CANCELED:
			return run, nil
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		var err error
		if run, err = stub.GetRun(ctx, &kfppb.GetRunRequest{RunId: run.GetRunId()}); err != nil {
			return nil, err
		}
	}
}
