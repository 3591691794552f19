package wallaroo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/internal/fault"
)

// Deployment is a pipeline that was deployed.
type Deployment struct {
	ID         int64
	PipelineID int64
	// Pipeline is the name of the pipeline.
	Pipeline string
	// URL is where inference requests go; empty for [Client.InferenceURL]. Set it to what
	// [Client.ExternalURL] returns to use the instance's own answer.
	URL string
}

// Name is what the deployment is called: that of the pipeline and the id.
func (d Deployment) Name() string { return d.Pipeline + "-" + strconv.FormatInt(d.ID, 10) }

func (d Deployment) check() error {
	if d.ID <= 0 {
		return errNoID
	}
	return checkName("pipeline", d.Pipeline)
}

// What Wallaroo calls the states of a deployment and of its engines. There may be others.
const (
	Pending = "Pending"
	Running = "Running"
	Failed  = "Error"
)

// DeploymentStatus is the state of a deployment.
type DeploymentStatus struct {
	// Status is [Running], [Failed], or another text of the instance's while it starts.
	Status string
	// Details are the instance's own texts.
	Details []string
	// Engines are the processes that do the work.
	Engines []Engine
}

// Engine is the state of one process of a deployment.
type Engine struct {
	Name, Status string
	// Reason and Details are texts, such as what an engine that is [Pending] lacks.
	Reason  string
	Details []string
}

// UnmarshalJSON reads the form that the API has.
func (s *DeploymentStatus) UnmarshalJSON(b []byte) error {
	var row struct {
		Status  text              `json:"status"`
		Details []json.RawMessage `json:"details"`
		Engines []struct {
			Name    text              `json:"name"`
			Status  text              `json:"status"`
			Reason  text              `json:"reason"`
			Details []json.RawMessage `json:"details"`
		} `json:"engines"`
	}
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	*s = DeploymentStatus{Status: readable(string(row.Status)), Details: texts(row.Details)}
	for _, e := range row.Engines {
		s.Engines = append(s.Engines, Engine{
			Name: readable(string(e.Name)), Status: readable(string(e.Status)), Reason: readable(string(e.Reason)), Details: texts(e.Details),
		})
	}
	return nil
}

// texts returns what the items of a list say, which may be texts or objects.
func texts(list []json.RawMessage) []string {
	var out []string
	for _, item := range list {
		if h := parseRefusal(item); h.message != "" {
			out = append(out, h.message)
		} else if said := readable(string(item)); said != "null" && said != "{}" && said != `""` {
			out = append(out, said)
		}
	}
	return out
}

// Status returns the state of a deployment. One that was ended, or has not appeared yet,
// is [ErrNotFound].
func (c *Client) Status(ctx context.Context, d Deployment) (DeploymentStatus, error) {
	const op = "status/get_deployment"
	if err := d.check(); err != nil {
		return DeploymentStatus{}, &APIError{Op: op, Err: err}
	}
	var s DeploymentStatus
	err := c.post(ctx, op, map[string]any{"name": d.Name()}, &s)
	if err == nil && s.Status == "" {
		err = &APIError{Op: op, Status: http.StatusOK, Err: fmt.Errorf("%w: it has no status", ErrAnswer)}
	}
	return s, err
}

const (
	firstPoll = 500 * time.Millisecond
	lastPoll  = 5 * time.Second
	// appears is how long a new deployment may take to be found.
	appears = 30 * time.Second
)

// Wait returns the state of a deployment when it runs. It asks every half second at first
// and every 5 s later, and also after answers 429, 502, 503 and 504; it has no time limit
// but that of ctx. The error is a [*DeployError] with the last state if the deployment
// fails, is ended, or does not appear within 30 s, and if ctx ends; any other error of
// [Client.Status] is returned as it is.
func (c *Client) Wait(ctx context.Context, d Deployment) (DeploymentStatus, error) {
	var last DeploymentStatus
	waited := time.Duration(0)
	for pause := firstPoll; ; waited, pause = waited+pause, min(2*pause, lastPoll) {
		s, err := c.Status(ctx, d)
		switch {
		case err == nil && s.Status == Running:
			return s, nil
		case err == nil && s.Status == Failed:
			return s, &DeployError{Name: d.Name(), Last: s, Err: ErrDeployment}
		case err == nil:
			last = s
		case ctx.Err() != nil:
			return last, &DeployError{Name: d.Name(), Last: last, Err: ctx.Err()}
		case errors.Is(err, ErrNotFound) && last.Status == "" && waited < appears, isTransient(err):
		case errors.Is(err, ErrNotFound):
			return last, &DeployError{Name: d.Name(), Last: last, Err: err}
		default:
			return last, err
		}
		if err := clock.Sleep(ctx, pause); err != nil {
			return last, &DeployError{Name: d.Name(), Last: last, Err: err}
		}
	}
}

// isTransient reports whether the same request may succeed a little later.
func isTransient(err error) bool {
	e := (*APIError)(nil)
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// ErrDeployment means that a deployment failed.
var ErrDeployment = errors.New("the deployment failed")

// DeployError is the error of a deployment that does not run.
type DeployError struct {
	// Name is the name of the deployment.
	Name string
	// Last is its last known state; zero if none was seen.
	Last DeploymentStatus
	// Err is [ErrDeployment], an error that wraps [ErrNotFound], or that of the context.
	Err error
}

// Error returns the name, the state with its reasons, and the cause.
func (e *DeployError) Error() string {
	subject := e.Name
	if e.Last.Status != "" {
		subject += " (" + strings.Join(append([]string{e.Last.Status}, e.reasons()...), "; ") + ")"
	}
	return fault.Text("wallaroo", "wait for deployment", subject, e.Err)
}

// reasons are what the instance says of the deployment and of engines that do not run.
func (e *DeployError) reasons() []string {
	reasons := append([]string(nil), e.Last.Details...)
	for _, engine := range e.Last.Engines {
		if engine.Status == Running {
			continue
		}
		said := append([]string{engine.Reason}, engine.Details...)
		reasons = append(reasons, strings.TrimSpace("engine "+engine.Name+" "+engine.Status+" "+strings.TrimSpace(strings.Join(said, " "))))
	}
	const enough = 5
	return reasons[:min(len(reasons), enough)]
}

// Unwrap returns the cause.
func (e *DeployError) Unwrap() error { return e.Err }

// Timeout reports whether a deadline ended the wait.
func (e *DeployError) Timeout() bool { return errors.Is(e.Err, context.DeadlineExceeded) }
