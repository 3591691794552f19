package doctor

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// State is how a step ended.
type State string

// The states of a step.
const (
	// OK means that nothing is wrong.
	OK State = "ok"
	// Warning means that something is unusual and may be the cause of trouble.
	Warning State = "warning"
	// Failed means that calls fail because of this.
	Failed State = "failed"
	// Skipped means that the step was not taken; Seen says why.
	Skipped State = "skipped"
)

// Step is one step of an examination. No field contains a secret.
type Step struct {
	// Name is one of the names that docs/doctor.md lists, such as "tls".
	Name string
	// State is how it ended.
	State State
	// Problem names what is wrong, for programs; empty if nothing is.
	Problem Problem
	// Seen is what was seen or, of a skipped step, why it was skipped.
	Seen string
	// Advice is what to do next; empty if there is nothing to do.
	Advice string
	// Took is how long the step took; zero if it was skipped.
	Took time.Duration
}

// MarshalJSON writes the fields name, state, problem, seen, advice and took_ms
// (milliseconds). Empty ones are left out, but for name, state and took_ms. These names do
// not change.
func (s Step) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name    string  `json:"name"`
		State   State   `json:"state"`
		Problem Problem `json:"problem,omitempty"`
		Seen    string  `json:"seen,omitempty"`
		Advice  string  `json:"advice,omitempty"`
		TookMS  int64   `json:"took_ms"`
	}{s.Name, s.State, s.Problem, s.Seen, s.Advice, s.Took.Milliseconds()})
}

// String returns the step on one line, and the advice on a second one.
func (s Step) String() string {
	text := fmt.Sprintf("%-8s %-11s %s", s.State, s.Name, s.Seen)
	if s.Took >= time.Millisecond {
		text += fmt.Sprintf(" (%v)", s.Took.Round(time.Millisecond))
	}
	if s.Advice != "" {
		text += "\n" + strings.Repeat(" ", 21) + "→ " + s.Advice
	}
	return text
}

// Report is a finished examination.
type Report struct {
	// Target is the address that was examined; empty if the settings have none.
	Target string
	// Steps are all steps, in their order.
	Steps []Step
}

// String returns the report for people: one or two lines for each step.
func (r Report) String() string {
	lines := make([]string, 0, len(r.Steps))
	for _, s := range r.Steps {
		lines = append(lines, s.String())
	}
	return strings.Join(lines, "\n")
}

// MarshalJSON writes the fields target, healthy (whether no step failed) and steps, each as
// in [Step.MarshalJSON]. These names do not change.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Target  string `json:"target"`
		Healthy bool   `json:"healthy"`
		Steps   []Step `json:"steps"`
	}{r.Target, r.Err() == nil, append([]Step{}, r.Steps...)})
}

// Err returns an [*Error] for the first step that failed, which is the cause of those that
// failed or were skipped after it as far as they depend on it; nil if none failed.
func (r Report) Err() error {
	for _, s := range r.Steps {
		if s.State == Failed {
			return &Error{Step: s}
		}
	}
	return nil
}

// Error is a step that failed. It is also a gRPC status: FailedPrecondition, or
// DeadlineExceeded if the step ran out of time, and Unauthenticated for what a login mends.
type Error struct{ Step Step }

// Error returns the step, what was seen, and what to do.
func (e *Error) Error() string {
	text := "doctor: " + e.Step.Name + ": " + e.Step.Seen
	if e.Step.Advice != "" {
		text += "; " + e.Step.Advice
	}
	return text
}

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status {
	code := codes.FailedPrecondition
	switch p := e.Step.Problem; {
	case p == Timeout:
		code = codes.DeadlineExceeded
	case p == LoginNeeded, p == LoginEnded, p == LoginExpired, p == Rejected:
		code = codes.Unauthenticated
	case p == Denied:
		code = codes.PermissionDenied
	}
	return status.New(code, e.Error())
}
