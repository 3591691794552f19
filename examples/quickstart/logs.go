package main

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/follow"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/values"
)

// tailLogs reads the run's log, from DataProxyService or from RunLogsService of older
// backends. The mock cuts the stream after its first message; the log goes on at the next
// line.
func tailLogs(ctx context.Context, t *tour) (string, error) {
	t.mock.Script().BreakStream(dataproxypb.DataProxyService_TailLogs_FullMethodName, 1, codes.Unavailable, "cut")
	from := follow.LogClients{DataProxy: t.cs.DataProxy(), Run: t.cs.Run(), RunLogs: t.cs.Logs()}
	lines, last := 0, ""
	for line, err := range follow.TailLogs(ctx, from, &dataproxypb.TailLogsRequest{ActionId: t.action, Attempt: t.attempt}) {
		if err != nil {
			return "", err
		}
		lines, last = lines+1, line.Text
	}
	if lines == 0 {
		return "", errors.New("the run wrote nothing")
	}
	return fmt.Sprintf("%d lines, the last: %s", lines, last), nil
}

// readOutputs reads what the run was given and what it made.
func readOutputs(ctx context.Context, t *tour) (string, error) {
	data, err := t.cs.DataProxy().GetActionData(ctx, &dataproxypb.GetActionDataRequest{ActionId: t.action})
	if err != nil {
		return "", err
	}
	name, err := values.Get[string](data.GetInputs(), "name")
	if err != nil {
		return "", err
	}
	outputs, err := follow.Outputs(ctx, t.cs.DataProxy(), t.action.GetRun())
	if err != nil {
		return "", err
	}
	greeting, err := values.Get[string](outputs, "o0")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: %q", name, greeting), nil
}
