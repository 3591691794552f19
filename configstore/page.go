package configstore

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

// pageError is the status that gRPC's transport makes of an HTML page, of which it
// quotes the beginning only.
type pageError struct{ status error }

func (e *pageError) Error() string { return fault.ShortPage(e.status.Error()) }

func (e *pageError) Unwrap() error { return e.status }

// isPage reports whether err, of a call, is the status of an HTML page.
func isPage(err error) bool { return err != nil && fault.IsPage(err.Error()) }

// isUnimplemented reports whether the backend answered that it does not serve a call.
// The transport gives the same code to a web server's page for HTTP 404.
func isUnimplemented(err error) bool { return status.Code(err) == codes.Unimplemented && !isPage(err) }

// isUnknownService reports whether a gRPC server answered that it does not know a
// service, in grpc-go's words. A proxy that does not route the service says something
// else: the backend behind it may have it.
func isUnknownService(err error) (unknown bool) {
	walk(err, func(err error) {
		if cause, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
			st := cause.GRPCStatus()
			unknown = unknown || st.Code() == codes.Unimplemented && strings.HasPrefix(st.Message(), "unknown service ")
		}
	})
	return unknown
}

// isMissingPage reports whether err holds a web server's page for HTTP 404.
func isMissingPage(err error) bool {
	page, ok := errors.AsType[*pageError](err)
	return ok && status.Code(page.status) == codes.Unimplemented
}
