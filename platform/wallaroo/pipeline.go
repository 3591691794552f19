package wallaroo

import (
	"context"
	"encoding/json"
	"errors"
)

// ModelVersion is one version of a model of the workspace.
type ModelVersion struct {
	Name    string `json:"name"`
	Version string `json:"version"` // a UUID
	SHA     string `json:"sha"`
}

// NewPipeline is a pipeline to create.
type NewPipeline struct {
	// Name is a DNS label: lower-case letters, digits and hyphens.
	Name string
	// WorkspaceID is the workspace.
	WorkspaceID int64
	// Steps are the models, one step each; empty for a pipeline without steps.
	Steps []ModelVersion
	// Definition is the whole definition as JSON, in place of Steps, for other steps.
	Definition json.RawMessage
}

// Pipeline is a pipeline in the version that was created.
type Pipeline struct {
	Name string
	ID   int64
	// VersionID is the id of the version, and Version its UUID.
	VersionID int64
	Version   string
}

var (
	errTwoDefinitions = errors.New("set Steps or Definition, not both")
	errNoID           = errors.New("an id is missing: set those that the instance returned for the pipeline, its version and its deployment")
)

type step struct {
	ModelInference struct {
		Models []ModelVersion `json:"models"`
	}
}

// CreatePipeline creates a pipeline.
func (c *Client) CreatePipeline(ctx context.Context, p NewPipeline) (Pipeline, error) {
	const op = "pipelines/create"
	err := checkName("pipeline", p.Name)
	switch {
	case err == nil && len(p.Steps) > 0 && p.Definition != nil:
		err = errTwoDefinitions
	case err == nil && p.WorkspaceID <= 0:
		err = errNoID
	}
	if err != nil {
		return Pipeline{}, &APIError{Op: op, Err: err}
	}
	definition := any(struct{}{})
	if p.Definition != nil {
		definition = p.Definition
	}
	if len(p.Steps) > 0 {
		var steps []step
		for _, m := range p.Steps {
			var s step
			s.ModelInference.Models = []ModelVersion{m}
			steps = append(steps, s)
		}
		definition = map[string]any{"steps": steps}
	}
	var answer struct {
		ID        number `json:"pipeline_pk_id"`
		VersionID number `json:"pipeline_variant_pk_id"`
		Version   text   `json:"pipeline_variant_version"`
		Copied    text   `json:"pipeline_version"` // its name in answers about copies
	}
	err = c.post(ctx, op, map[string]any{"pipeline_id": p.Name, "workspace_id": p.WorkspaceID, "definition": definition}, &answer)
	id, err := created(op, answer.ID, err)
	if err != nil {
		return Pipeline{}, err
	}
	if answer.Version == "" {
		answer.Version = answer.Copied
	}
	return Pipeline{Name: p.Name, ID: id, VersionID: int64(answer.VersionID), Version: string(answer.Version)}, nil
}

// DeployRequest says what to deploy.
type DeployRequest struct {
	// Pipeline is what CreatePipeline returned; ID, VersionID and Name are used.
	Pipeline Pipeline
	// Models are the models of its steps.
	Models []ModelVersion
	// EngineConfig is the configuration of the engine as JSON; nil for the default.
	EngineConfig json.RawMessage
}

// Deploy begins to deploy a pipeline and returns without waiting; see [Client.Wait].
func (c *Client) Deploy(ctx context.Context, d DeployRequest) (Deployment, error) {
	const op = "pipelines/deploy"
	err := checkName("pipeline", d.Pipeline.Name)
	if err == nil && (d.Pipeline.ID <= 0 || d.Pipeline.VersionID <= 0) {
		err = errNoID
	}
	if err != nil {
		return Deployment{}, &APIError{Op: op, Err: err}
	}
	body := map[string]any{
		"deploy_id":   d.Pipeline.Name, // which must be that of the pipeline
		"pipeline_id": d.Pipeline.ID, "pipeline_version_pk_id": d.Pipeline.VersionID,
	}
	if len(d.Models) > 0 {
		body["models"] = d.Models
	}
	if d.EngineConfig != nil {
		body["engine_config"] = d.EngineConfig
	}
	var answer struct {
		ID number `json:"id"`
	}
	err = c.post(ctx, op, body, &answer)
	id, err := created(op, answer.ID, err)
	return Deployment{ID: id, PipelineID: d.Pipeline.ID, Pipeline: d.Pipeline.Name}, err
}

// Undeploy ends a deployment.
func (c *Client) Undeploy(ctx context.Context, d Deployment) error {
	const op = "pipelines/undeploy"
	if d.ID <= 0 || d.PipelineID <= 0 {
		return &APIError{Op: op, Err: errNoID}
	}
	return c.post(ctx, op, map[string]any{"pipeline_id": d.PipelineID, "deployment_id": d.ID}, nil)
}
