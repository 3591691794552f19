package oteljetway

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// Keys of attributes.
const (
	keyHost      = "server.address"
	keyError     = "error.type"
	keyFlow      = "jetway.flow"
	keyOutcome   = "jetway.outcome"
	keyOperation = "jetway.operation"
)

// host returns the host in an endpoint: neither its port nor a path, which may be that of a
// socket in a user's directory.
func host(endpoint string) string {
	if strings.HasPrefix(endpoint, "unix:") || strings.HasPrefix(endpoint, "unix-abstract:") {
		return "unix"
	}
	if _, after, ok := strings.Cut(endpoint, "://"); ok {
		endpoint = strings.TrimLeft(after, "/") // a service's name where no authority is before it
	}
	endpoint, _, _ = strings.Cut(endpoint, "/")
	endpoint = endpoint[strings.LastIndexByte(endpoint, '@')+1:]
	if h, _, err := net.SplitHostPort(endpoint); err == nil {
		return h
	}
	return strings.Trim(endpoint, "[]")
}

// flowName returns the name of a flow without what follows it, such as the ID of a client,
// and of a flow of the program's the name of its type without the path of its package.
func flowName(flow string) string {
	first, _, _ := strings.Cut(flow, "/")
	if strings.Contains(first, ".") {
		return flow[strings.LastIndexByte(flow, '/')+1:]
	}
	return first
}

// errorType returns what an error is told apart by; the first kind that fits counts.
func errorType(err error) string {
	for _, kind := range []struct {
		err  error
		name string
	}{
		{auth.ErrClosed, "closed"},
		{context.Canceled, "canceled"},
		{auth.ErrLeaseRequired, "lease_required"}, // also where the time for it has ended
		{context.DeadlineExceeded, "deadline_exceeded"},
		{auth.ErrDeclined, "declined"},
		{auth.ErrRejected, "rejected"},
		{auth.ErrInteractionRequired, "interaction_required"},
		{auth.ErrMisconfigured, "misconfigured"},
		{configstore.ErrNoLogin, "no_login"},
		{auth.ErrServerFault, "server_fault"},
	} {
		if errors.Is(err, kind.err) {
			return kind.name
		}
	}
	return "_OTHER"
}
