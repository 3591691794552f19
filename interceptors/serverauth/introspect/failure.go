package introspect

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// kind is what a failure means for the caller: a code, and the text that it sees.
type kind struct {
	code   codes.Code
	public string
}

var (
	invalid      = kind{codes.Unauthenticated, "the access token is not valid for this service: it may have expired or been revoked"}
	insufficient = kind{codes.PermissionDenied, "the access token lacks a scope that this service requires"}
	transient    = kind{codes.Unavailable, "the access token could not be checked: the authorization server does not answer; try again later"}
	broken       = kind{codes.Internal, "the access token could not be checked: the service's configuration or the authorization server is at fault"}
)

// failure is why a token was not accepted, for the log; its status is for the caller.
type failure struct {
	kind  kind
	why   string
	cause error // may be nil; contains no secret
}

func (f *failure) Error() string {
	text := "introspect: " + f.why
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

func (f *failure) Unwrap() error { return f.cause }

// GRPCStatus returns the status of the cause, if it has one, as of [Config.Identify].
func (f *failure) GRPCStatus() *status.Status {
	var st interface{ GRPCStatus() *status.Status }
	if errors.As(f.cause, &st) && st.GRPCStatus().Code() != codes.OK {
		return st.GRPCStatus()
	}
	return status.New(f.kind.code, f.kind.public)
}
