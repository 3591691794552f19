package wallaroo

import (
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// ErrMissing means that the address of the instance or the auth type is not set. The two
// lines are those of Wallaroo's documentation.
//
//nolint:staticcheck // Wallaroo's text, with its full stop
var ErrMissing = errors.New("auth_type and api_endpoint must be provided or set in environment as\n" +
	"`WALLAROO_SDK_AUTH_TYPE`, and `WALLAROO_URL` respectively.")

var (
	errTask = errors.New("is set, so this is one of Wallaroo's own tasks, which always log in with a token of their own (orch);" +
		" that is not supported here: unset it to use another login")
	errPlaintext = errors.New("must begin with https://: passwords and tokens are sent there" +
		" (http:// is only for this machine, and for http://api-lb:8080 in Wallaroo's own cluster)")
	errTimeout      = errors.New("must be a number of seconds above 0, up to a day")
	errLoginTimeout = errors.New("Device code expired while waiting for user login") //nolint:staticcheck // Wallaroo's text
)

// Error is the error of a setting that is missing or wrong. It never contains a secret.
type Error struct {
	// Input is the parameter, environment variable or file that is wrong.
	Input string
	// Err says what is wrong with it; never nil.
	Err error
}

// Error returns the input and the cause.
func (e *Error) Error() string { return "wallaroo: " + e.Input + " " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// LoginError is the error of a login or refresh at Keycloak. It wraps
// [auth.ErrRejected] if another attempt cannot succeed either.
type LoginError struct {
	// Status is the HTTP status; zero when there was no answer.
	Status int
	// Body is Keycloak's answer: JSON if it is an OAuth error, without the secrets
	// that were sent.
	Body string
	// Err is the cause; never nil.
	Err error
}

// Error returns status and body of the answer, or the cause if there was none.
func (e *LoginError) Error() string {
	if e.Status == 0 {
		return "wallaroo login: " + e.Err.Error()
	}
	return fmt.Sprintf("wallaroo login: [HTTP %d] %s", e.Status, e.Body)
}

// Unwrap returns the cause.
func (e *LoginError) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *LoginError) GRPCStatus() *status.Status { return status.New(auth.Code(e.Err), e.Error()) }

// loginError returns err as a [LoginError], with Wallaroo's text for a timeout.
func loginError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, flow.ErrLoginTimeout) {
		return &LoginError{Err: fmt.Errorf("%w: %w", errLoginTimeout, err)}
	}
	e := &LoginError{Err: err}
	if answer := (*flow.TokenError)(nil); errors.As(err, &answer) && answer.Status != 0 {
		e.Status, e.Body = answer.Status, err.Error()
		if answer.Code != "" {
			body, _ := json.Marshal(struct { //nolint:errchkjson // strings always marshal
				Code        string `json:"error"`
				Description string `json:"error_description,omitempty"`
			}{answer.Code, answer.Description})
			e.Body = string(body)
		}
	}
	return e
}

// joined returns what is wrong, followed by Wallaroo's text for it.
func joined(what, text error) error { return fmt.Errorf("%w: %w", what, text) }
