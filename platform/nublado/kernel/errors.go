package kernel

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

// The kinds of an [*Error], which errors.Is finds in it.
var (
	// ErrDial means that the websocket could not be opened: by the network, by the time
	// limit, or because the server answered with something else.
	ErrDial = errors.New("the websocket cannot be opened")
	// ErrDenied means that the server, or a proxy before it, refused the credentials of the
	// handshake, or redirected it to a login.
	ErrDenied = errors.New("the server refused the credentials")
	// ErrNoKernel means that the server does not know the kernel.
	ErrNoKernel = errors.New("there is no such kernel")
	// ErrClosed means that the connection is over: the server or the network closed it, or
	// [Conn.Close] did. Dial again to go on; the kernel may be the same.
	ErrClosed = errors.New("the connection is closed")
	// ErrKernelDied means that the kernel has died, was restarted or was shut down. Its
	// variables are lost, and the connection is over.
	ErrKernelDied = errors.New("the kernel died")
	// ErrException means that the code raised an exception: see [Error.Exception].
	ErrException = errors.New("the code raised an exception")
	// ErrAborted means that the kernel did not run the code, since other code that it had
	// got before failed.
	ErrAborted = errors.New("the kernel did not run the code")
	// ErrUnfinished means that the context ended before the code was done. errors.Is finds
	// the context's error too.
	ErrUnfinished = errors.New("the code is not done")
	// ErrTooLarge means that the output was larger than a limit.
	ErrTooLarge = errors.New("the output is too large")
	// ErrDropped means that the code is done, and that the server has dropped some of its
	// output, since it came faster than the server's limits allow.
	ErrDropped = errors.New("the server dropped some of the output")
	// ErrProtocol means that the other end does not send messages of a kernel. It ends the
	// connection.
	ErrProtocol = errors.New("the other end does not speak the kernel's protocol")
)

// Error is the error of this package. Its text has no credentials, and of the URL neither
// user nor query. Most servers repeat neither; what one does repeat is removed.
type Error struct {
	// Kind is one of the sentinels of this package.
	Kind error
	// Op is "dial" or "run".
	Op string
	// Sent reports whether the kernel was sent the code: it may have run, or still run.
	Sent bool
	// Status is the HTTP status of a handshake that was not accepted; otherwise zero.
	Status int
	// CloseCode is the close code of RFC 6455 with which the other end closed the connection; zero
	// without one: the connection ended without a farewell.
	CloseCode int
	// Exception is what the code raised, for ErrException; for ErrAborted the reason, if the kernel gave one.
	Exception *Exception
	// Detail says more; may be empty.
	Detail string
	// Err is the error of the network or of the context; may be nil.
	Err error
}

// Error returns the operation, the kind and what is known of the cause. It does not have
// the traceback.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("kernel: " + e.Op + ": " + e.Kind.Error())
	if e.Status != 0 {
		fmt.Fprintf(&b, " [HTTP %d]", e.Status)
	}
	if e.CloseCode != 0 {
		fmt.Fprintf(&b, " [close code %d]", e.CloseCode)
	}
	if x := e.Exception; x != nil {
		b.WriteString(": " + fault.Foreign(x.Name, fault.MaxForeign))
		if x.Value != "" {
			b.WriteString(": " + fault.Foreign(x.Value, fault.MaxForeign))
		}
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the kind and the network's or the context's error.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// of returns a copy of the error for a run.
func (e *Error) of(op string, sent bool) *Error {
	again := *e
	again.Op, again.Sent = op, sent
	return &again
}
