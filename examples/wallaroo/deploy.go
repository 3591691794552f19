package main

import (
	"context"

	"github.com/jetway-go/jetway/platform/wallaroo"
)

// deploy creates a workspace with a pipeline of one model in it, and returns when that
// runs.
func deploy(ctx context.Context, api *wallaroo.Client, workspace string) (wallaroo.Deployment, error) {
	id, err := api.CreateWorkspace(ctx, workspace)
	if err != nil {
		return wallaroo.Deployment{}, err
	}
	// A model that was uploaded before.
	models := []wallaroo.ModelVersion{{Name: "sum", Version: "55f45c16-591e-4a16-8082-3ab6d843b484", SHA: "e22a0831aafd9917"}}
	p, err := api.CreatePipeline(ctx, wallaroo.NewPipeline{Name: "adder", WorkspaceID: id, Steps: models})
	if err != nil {
		return wallaroo.Deployment{}, err
	}
	d, err := api.Deploy(ctx, wallaroo.DeployRequest{Pipeline: p, Models: models})
	if err != nil {
		return wallaroo.Deployment{}, err
	}
	_, err = api.Wait(ctx, d)
	return d, err
}
