package control

import (
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/jetway-go/jetway/mockserver/seed"
)

// MinSecret is how many characters a secret has at least.
const MinSecret = 12

// Errors of mockserver.New with [Enable].
var (
	// ErrNotLoopback means that other machines could reach the service.
	ErrNotLoopback = errors.New("the control service is for this machine only; listen on 127.0.0.1, [::1] or a unix socket, or leave it off")
	// ErrWeakSecret means that the secret is empty or short.
	ErrWeakSecret = fmt.Errorf("the secret of the control service has fewer than %d characters; "+
		"use a random one, such as crypto/rand.Text()", MinSecret)
)

// Reasons are the reasons of the google.rpc.ErrorInfo in the statuses of the service, whose domain is
// [Domain].
const (
	Domain = "jetway.mock.v1"

	ReasonMissingSecret = "MISSING_SECRET"
	ReasonWrongSecret   = "WRONG_SECRET"
	ReasonUnknownMethod = "UNKNOWN_METHOD" // the message names the nearest
	ReasonUnknownHold   = "UNKNOWN_HOLD"
	ReasonUnknownDevice = "UNKNOWN_DEVICE"
	ReasonUnknownUser   = "UNKNOWN_USER"
	ReasonNoHTTPFront   = "NO_HTTP_FRONT"
	ReasonBadValue      = "BAD_VALUE"
	ReasonBadSeed       = "BAD_SEED" // with a google.rpc.BadRequest, one violation a line
	ReasonStartOnly     = "START_ONLY"
	ReasonReset         = "RESET"
	ReasonSlowWatch     = "SLOW_WATCH"
)

// refuse returns a status with a reason. The text says what to do.
func refuse(code codes.Code, reason, text string, details ...protoadapt.MessageV1) error {
	st := status.New(code, text)
	details = append([]protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: Domain}}, details...)
	if detailed, err := st.WithDetails(details...); err == nil {
		return detailed.Err()
	}
	return st.Err() // the text says it too
}

func badValue(format string, args ...any) error {
	return refuse(codes.InvalidArgument, ReasonBadValue, fmt.Sprintf(format, args...))
}

// badSeed returns the status of a seed file that cannot be read or applied.
func badSeed(err error) error {
	bad := new(seed.Error)
	if !errors.As(err, &bad) {
		return badValue("seed: %v", err)
	}
	violations := &errdetails.BadRequest{}
	for _, p := range bad.Problems {
		violations.FieldViolations = append(violations.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field: fmt.Sprintf("yaml, line %d", p.Line), Description: p.Text,
		})
	}
	code := codes.InvalidArgument
	if bad.Err != nil {
		code = status.Code(bad.Err)
	}
	return refuse(code, ReasonBadSeed, "the seed file: "+bad.Error(), violations)
}
