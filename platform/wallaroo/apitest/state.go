package apitest

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"regexp"
)

type workspace struct{ row map[string]any }

type pipeline struct {
	id, workspace, version int
	name                   string
	steps                  int
}

type deployment struct {
	id, asked int
	of        *pipeline
	failed    bool
}

func (d *deployment) name() string { return fmt.Sprintf("%s-%d", d.of.name, d.id) }

// named reports whether a name is one of DNS.
func named(name string) bool {
	return regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`).MatchString(name)
}

func (a *API) listWorkspaces(*Request) answer {
	rows := []any{}
	for _, w := range a.workspaces {
		row := map[string]any{"models": []int{}, "pipelines": []int{}}
		maps.Copy(row, w.row)
		var pipelines []int
		for _, p := range a.pipelines {
			if p.workspace == row["id"] {
				pipelines = append(pipelines, p.id)
			}
		}
		if pipelines != nil {
			row["pipelines"] = pipelines
		}
		rows = append(rows, row)
	}
	return ok(map[string]any{"workspaces": rows})
}

func (a *API) createWorkspace(r *Request) answer {
	name := r.text("workspace_name")
	if !named(name) {
		return r.wrong("the name is not one of DNS")
	}
	for _, w := range a.workspaces {
		if w.row["name"] == name {
			return failure(http.StatusBadRequest, "a workspace with this name exists")
		}
	}
	id := len(a.workspaces) + 1
	a.workspaces = append(a.workspaces, &workspace{map[string]any{
		"id": id, "name": name, "created_at": a.cfg.Now().UTC().Format("2006-01-02T15:04:05.000000+00:00"),
		"created_by": id + 100, "archived": false, "release": "2025.1",
	}})
	return ok(map[string]any{"workspace_id": id})
}

func (a *API) createPipeline(r *Request) answer {
	steps, why := definition(r.fields["definition"])
	p := &pipeline{
		id: len(a.pipelines) + 1, workspace: r.id("workspace_id"), version: len(a.pipelines) + 101, name: r.text("pipeline_id"), steps: steps,
	}
	switch {
	case why != "":
		return r.wrong(why)
	case !named(p.name):
		return r.wrong("the name is not one of DNS")
	case p.workspace > len(a.workspaces):
		return failure(http.StatusNotFound, "no such workspace")
	}
	a.pipelines = append(a.pipelines, p)
	return ok(map[string]any{"pipeline_pk_id": p.id, "pipeline_variant_pk_id": p.version, "pipeline_variant_version": rand.Text()})
}

// definition returns the number of steps, or what is wrong with them.
func definition(value any) (steps int, why string) {
	whole, _ := value.(map[string]any)
	if len(whole) == 0 {
		return 0, ""
	}
	list, isList := whole["steps"].([]any)
	if !isList || len(whole) != 1 {
		return 0, "the definition is not {} or a list of steps"
	}
	for _, item := range list {
		one, _ := item.(map[string]any)
		inference, _ := one["ModelInference"].(map[string]any)
		models, _ := inference["models"].([]any)
		if len(one) != 1 || len(inference) != 1 || !versions(models) {
			return 0, "a step is not ModelInference with models"
		}
	}
	return len(list), ""
}

// versions reports whether these are models by name, version and sha.
func versions(models []any) bool {
	for _, item := range models {
		m, _ := item.(map[string]any)
		if len(m) != 3 || kindOf(m["name"]) != "text" || kindOf(m["version"]) != "text" || kindOf(m["sha"]) != "text" {
			return false
		}
	}
	return len(models) > 0
}

func (a *API) deploy(r *Request) answer {
	var p *pipeline
	for _, one := range a.pipelines {
		if one.id == r.id("pipeline_id") {
			p = one
		}
	}
	models, given := r.fields["models"].([]any)
	switch {
	case p == nil || p.version != r.id("pipeline_version_pk_id"):
		return failure(http.StatusNotFound, "no such pipeline")
	case p.name != r.text("deploy_id"):
		return r.wrong("deploy_id is not the name of the pipeline")
	case given && !versions(models):
		return r.wrong("a model is not name, version and sha")
	case p.steps > 0 && !given && r.fields["model_ids"] == nil && r.fields["model_configs"] == nil:
		return r.wrong("the models of the steps are missing")
	}
	d := &deployment{id: len(a.deployments) + 11, of: p}
	a.deployments = append(a.deployments, d)
	return ok(map[string]any{"id": d.id})
}

// deployment returns the one of this name; nil for none.
func (a *API) deployment(name string) *deployment {
	for _, d := range a.deployments {
		if d != nil && d.name() == name {
			return d
		}
	}
	return nil
}

func (a *API) undeploy(r *Request) answer {
	for i, d := range a.deployments {
		if d != nil && d.id == r.id("deployment_id") && d.of.id == r.id("pipeline_id") {
			a.deployments[i] = nil
			return ok(nil)
		}
	}
	return failure(http.StatusNotFound, "no such deployment")
}

// state is what a deployment is now.
func (a *API) state(d *deployment) string {
	switch {
	case d.failed:
		return "Error"
	case d.asked <= a.cfg.Pending:
		return "Pending"
	default:
		return "Running"
	}
}

func (a *API) status(r *Request) answer {
	d := a.deployment(r.text("name"))
	if d == nil {
		return failure(http.StatusNotFound, "Deployment not found")
	}
	d.asked++
	state := a.state(d)
	engine := map[string]any{
		"ip": nil, "name": "engine-5df76d6869-t6nnk", "status": state, "reason": nil, "details": []any{},
		"pipeline_statuses": nil, "model_statuses": nil,
	}
	switch state {
	case "Pending":
		engine["details"] = []any{"containers with unready status: [engine]"}
		engine["required_cpu"] = 1
	case "Error":
		engine["reason"] = "CrashLoopBackOff"
	default:
		engine["ip"] = "10.244.0.12"
		engine["pipeline_statuses"] = map[string]any{"pipelines": []any{map[string]any{"id": d.of.name, "status": "Running"}}}
	}
	return ok(map[string]any{
		"status": state, "details": []any{}, "engines": []any{engine},
		"engine_lbs": []any{map[string]any{"ip": "10.244.0.13", "name": "engine-lb-1", "status": "Running", "reason": nil, "details": []any{}}},
		"sidekicks":  []any{},
	})
}

func (a *API) externalURL(r *Request) answer {
	for _, d := range a.deployments {
		if d != nil && d.of.name == r.text("pipeline_name") && d.of.workspace == r.id("workspace_id") {
			return ok(map[string]any{"url": r.external + inferences + d.name() + "/" + d.of.name})
		}
	}
	return failure(http.StatusNotFound, "no such deployment")
}

func (a *API) query(r *Request) answer {
	if a.cfg.GraphQL == nil {
		rows := []any{}
		for _, p := range a.pipelines {
			rows = append(rows, map[string]any{"id": p.id, "pipeline_id": p.name})
		}
		return ok(map[string]any{"data": map[string]any{"pipeline": rows}})
	}
	variables, _ := r.fields["variables"].(map[string]any)
	data, err := a.cfg.GraphQL(r.text("query"), variables)
	if err != nil {
		return ok(graphQLFailure(err.Error(), "validation-failed"))
	}
	return ok(map[string]any{"data": data})
}
