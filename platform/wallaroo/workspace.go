package wallaroo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Workspace is one workspace of the instance. Fields that a row of an older release lacks
// are zero.
type Workspace struct {
	ID   int64
	Name string
	// CreatedBy is the id or the e-mail address of a user, depending on the release.
	CreatedBy string
	CreatedAt time.Time
	Archived  bool
	// Models and Pipelines are ids.
	Models, Pipelines []int64
}

// UnmarshalJSON reads the form that the API has.
func (w *Workspace) UnmarshalJSON(b []byte) error {
	var row struct {
		ID        number   `json:"id"`
		Name      text     `json:"name"`
		CreatedAt moment   `json:"created_at"`
		CreatedBy text     `json:"created_by"`
		Archived  *bool    `json:"archived"`
		Models    []number `json:"models"`
		Pipelines []number `json:"pipelines"`
	}
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	*w = Workspace{
		ID: int64(row.ID), Name: string(row.Name), CreatedBy: string(row.CreatedBy), CreatedAt: row.CreatedAt.Time,
		Archived: row.Archived != nil && *row.Archived, Models: whole(row.Models), Pipelines: whole(row.Pipelines),
	}
	return nil
}

// Workspaces returns the workspaces that the user can see.
func (c *Client) Workspaces(ctx context.Context) ([]Workspace, error) {
	const op = "workspaces/list"
	var answer struct {
		Workspaces *[]Workspace `json:"workspaces"`
	}
	if err := c.post(ctx, op, struct{}{}, &answer); err != nil {
		return nil, err
	}
	if answer.Workspaces == nil {
		return nil, &APIError{Op: op, Status: http.StatusOK, Err: fmt.Errorf("%w: it has no list of workspaces", ErrAnswer)}
	}
	return *answer.Workspaces, nil
}

// CreateWorkspace creates a workspace and returns its id. Names are unique within the
// instance, and are those of DNS: lower-case letters, digits and hyphens.
func (c *Client) CreateWorkspace(ctx context.Context, name string) (int64, error) {
	const op = "workspaces/create"
	if err := checkName("workspace", name); err != nil {
		return 0, &APIError{Op: op, Err: err}
	}
	var answer struct {
		ID number `json:"workspace_id"`
	}
	err := c.post(ctx, op, map[string]any{"workspace_name": name}, &answer)
	return created(op, answer.ID, err)
}

// created returns the id of what was created.
func created(op string, id number, err error) (int64, error) {
	if err == nil && id <= 0 {
		err = &APIError{Op: op, Status: http.StatusOK, Err: fmt.Errorf("%w: it has no id", ErrAnswer)}
	}
	return int64(id), err
}

// maxName is the longest label of DNS (RFC 1035 §2.3.4).
const maxName = 63

// checkName checks a name that becomes part of addresses.
func checkName(what, name string) error {
	if name == "" {
		return errors.New("the " + what + " has no name")
	}
	for i, r := range name {
		hyphen := r == '-' && i > 0 && i < len(name)-1
		if !hyphen && (r < 'a' || r > 'z') && (r < '0' || r > '9') || len(name) > maxName {
			return fmt.Errorf("%q is not a name for a %s: want up to %d lower-case letters, digits and hyphens, the first and the last no hyphen",
				name, what, maxName)
		}
	}
	return nil
}
