// Package fault is what the error types of this module have in common: how they
// read, and which gRPC code they stand for.
//
// An error names its package, the operation, what that was for, and the cause. In a
// chain of them only the outermost of the layers names itself, and none repeats what the
// one before it said. Call [Text] in Error methods and [Code] in GRPCStatus methods.
package fault

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Text returns the text of an error of package pkg: operation op failed, for what
// subject says ("for flyte.example.com"; may be empty), because of cause.
func Text(pkg, op, subject string, cause error) string {
	head := strings.TrimSpace(op + " " + subject)
	return pkg + ": " + head + ": " + after(head, cause.Error())
}

// after returns text without the names of the layers and without what head has said
// already. The name of a platform stays: it is news.
func after(head, text string) string {
	name, rest, found := strings.Cut(text, ": ")
	if !found {
		return text
	}
	switch name {
	case "auth", "clientset", "configstore", "interceptors", head:
		return after(head, rest)
	case "flyte", "gafaelfawr", "jupyterhub", "kubeflow", "nublado", "repertoire", "wallaroo":
		return name + ": " + after(head, rest)
	default:
		return text
	}
}

// Panic returns what an error may say of the value of a panic: its type, since the value
// itself may hold a secret, or the text of an error of the runtime, which names an index
// or a type.
func Panic(value any) string {
	if known, ok := value.(runtime.Error); ok {
		return known.Error()
	}
	return fmt.Sprintf("%T", value)
}

// Code returns the gRPC code that err stands for: that of its own status, or that of
// the context's error in it; ok is false where it has neither.
func Code(err error) (code codes.Code, ok bool) {
	if st, isStatus := status.FromError(err); isStatus && st.Code() != codes.OK {
		return st.Code(), true
	}
	switch {
	case errors.Is(err, context.Canceled):
		return codes.Canceled, true
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded, true
	default:
		return codes.Unknown, false
	}
}
