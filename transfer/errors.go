package transfer

import (
	"errors"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrExists means that the storage has an object of this name with other content.
	ErrExists = errors.New("an object of this name exists; choose another name, nothing was overwritten")
	// ErrChanged means that a file or an object was changed while it was being sent.
	ErrChanged = errors.New("the content was changed during the transfer; try again when it does not change")
	// ErrChecksum means that content arrived other than it was sent.
	ErrChecksum = errors.New("the content that arrived does not have the expected checksum")
	// ErrExpired means that the storage host takes a signed URL for expired, also new ones.
	ErrExpired = errors.New("the signed URL has expired; have another one signed, or compare the backend's clock with the storage host's")
	// ErrEscapes means that a name or a symbolic link leads out of its directory.
	ErrEscapes = errors.New("it leads out of the directory")
	// ErrShort means that less content arrived than was promised.
	ErrShort = errors.New("the content ended early")
	// ErrNotFile means that something is neither a regular file nor a directory, or a
	// directory where a file is needed.
	ErrNotFile = errors.New("it is not a regular file")
)

// Values of Error.Op.
const (
	opUpload   = "upload"
	opInputs   = "upload inputs"
	opLink     = "create download link"
	opDownload = "download"
)

// Error is the error of this package: what failed, on which object, and why. It is also a
// gRPC status. It contains no query of a signed URL.
type Error struct {
	// Op is "upload", "upload inputs", "create download link" or "download".
	Op string
	// Object names the file or the object; may be empty.
	Object string
	// Err is the cause; never nil. It is one of the sentinels, a [*StatusError], the
	// status of the backend, or an error of the file system or the network.
	Err error
}

// Error returns the operation, the object and the cause.
func (e *Error) Error() string { return fault.Text("transfer", e.Op, e.Object, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error: the cause's own
// code where it has one, else the one that comes nearest.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.code(), e.Error()) }

func (e *Error) code() codes.Code {
	var refused *StatusError
	code, known := fault.Code(e.Err)
	switch {
	case known && (code == codes.Canceled || code == codes.DeadlineExceeded):
		return code
	case errors.Is(e.Err, ErrExists):
		return codes.AlreadyExists
	case errors.Is(e.Err, ErrChanged):
		return codes.Aborted
	case errors.Is(e.Err, ErrChecksum), errors.Is(e.Err, ErrShort):
		return codes.DataLoss
	case errors.Is(e.Err, ErrExpired):
		return codes.FailedPrecondition
	case errors.Is(e.Err, ErrEscapes), errors.Is(e.Err, ErrNotFile):
		return codes.InvalidArgument
	case errors.As(e.Err, &refused):
		return codeOf(refused.Status)
	case known:
		return code
	case errors.As(e.Err, new(*networkError)):
		return codes.Unavailable
	default:
		return codes.Unknown
	}
}

// codeOf returns the code for an HTTP status of the storage host.
func codeOf(httpStatus int) codes.Code {
	switch httpStatus {
	case http.StatusUnauthorized, http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound, http.StatusGone:
		return codes.NotFound
	case http.StatusPreconditionFailed, http.StatusConflict:
		return codes.Aborted
	case http.StatusRequestEntityTooLarge, http.StatusInsufficientStorage:
		return codes.ResourceExhausted
	case http.StatusRequestedRangeNotSatisfiable:
		return codes.OutOfRange
	}
	if passes(httpStatus) {
		return codes.Unavailable
	}
	return codes.Unknown
}

func failed(op, object string, err error) error {
	var already *Error
	if err == nil || errors.As(err, &already) {
		return err
	}
	return &Error{Op: op, Object: object, Err: err}
}
