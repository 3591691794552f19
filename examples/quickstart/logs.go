package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// tailLogs reads the run's log from DataProxyService, or from RunLogsService of older
// backends.
func tailLogs(ctx context.Context, t *tour) (string, error) {
	lines, err := proxyLogs(ctx, t)
	if status.Code(err) == codes.Unimplemented {
		lines, err = runLogs(ctx, t)
	}
	switch {
	case err != nil:
		return "", err
	case len(lines) == 0:
		return "", errors.New("the run wrote nothing")
	}
	return fmt.Sprintf("%d lines, the last: %s", len(lines), lines[len(lines)-1]), nil
}

func proxyLogs(ctx context.Context, t *tour) ([]string, error) {
	stream, err := t.cs.DataProxy().TailLogs(ctx, &dataproxypb.TailLogsRequest{ActionId: t.action, Attempt: t.attempt})
	if err != nil {
		return nil, err
	}
	return readAll(stream, func(m *dataproxypb.TailLogsResponse) (lines []*dataplanepb.LogLine) {
		for _, batch := range m.GetLogs() {
			lines = append(lines, batch.GetLines()...)
		}
		return lines
	})
}

func runLogs(ctx context.Context, t *tour) ([]string, error) {
	request := &workflowpb.TailLogsRequest{ActionId: t.action, Attempt: t.attempt}
	stream, err := t.cs.Logs().TailLogs(ctx, request) //nolint:staticcheck // for older backends
	if err != nil {
		return nil, err
	}
	return readAll(stream, func(m *workflowpb.TailLogsResponse) (lines []*dataplanepb.LogLine) {
		for _, batch := range m.GetLogs() {
			lines = append(lines, batch.GetLines()...)
		}
		return lines
	})
}

// readAll returns the lines of a stream, without their line endings.
func readAll[M any](stream grpc.ServerStreamingClient[M], linesOf func(*M) []*dataplanepb.LogLine) (lines []string, err error) {
	for {
		message, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case err != nil:
			return nil, err
		}
		for _, line := range linesOf(message) {
			lines = append(lines, strings.TrimSpace(line.GetMessage()))
		}
	}
}
