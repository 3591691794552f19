package introspect

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// kind is what a failure means for the caller.
type kind int

const (
	invalid      kind = iota // the token is at fault
	insufficient             // its scopes are
	transient                // the authorization server does not answer
	broken                   // the service's configuration or the server is at fault
)

// status is what the caller sees.
func (k kind) status() *status.Status {
	switch k {
	case invalid:
		return status.New(codes.Unauthenticated,
			"the access token is not valid for this service: it may be expired, revoked, or issued for another audience")
	case insufficient:
		return status.New(codes.PermissionDenied, "the access token lacks a scope that this service requires")
	case transient:
		return status.New(codes.Unavailable,
			"the access token could not be checked: the authorization server does not answer; try again later")
	default:
		return status.New(codes.Internal,
			"the access token could not be checked: the service's configuration or the authorization server is at fault")
	}
}

// failure is why a token was not accepted, for the log; its status is for the caller.
type failure struct {
	kind  kind
	why   string
	cause error // may be nil

	identifying bool // the cause is of Config.Identify, whose status is for the caller
}

func (f *failure) Error() string {
	text := "introspect: " + f.why
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

func (f *failure) Unwrap() error { return f.cause }

// GRPCStatus returns what the caller sees.
func (f *failure) GRPCStatus() *status.Status {
	var st interface{ GRPCStatus() *status.Status }
	if f.identifying && errors.As(f.cause, &st) && st.GRPCStatus().Code() != codes.OK {
		return st.GRPCStatus()
	}
	return f.kind.status()
}
