package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

func TestTextOfAChainRepeatsNothing(t *testing.T) {
	t.Parallel()
	cause := errors.New("no such host: idp.example.com")
	login := errors.New(fault.Text("auth", "login", "for flyte.example.com", cause))
	for name, tt := range map[string]struct {
		pkg, op, subject string
		cause            error
		want             string
	}{
		"alone":                {"auth", "login", "for flyte.example.com", cause, "auth: login for flyte.example.com: no such host: idp.example.com"},
		"the same again":       {"clientset", "login", "for flyte.example.com", login, "clientset: login for flyte.example.com: no such host: idp.example.com"},
		"another head":         {"interceptors", "get credentials", "for /s/M", login, "interceptors: get credentials for /s/M: login for flyte.example.com: no such host: idp.example.com"},
		"a platform":           {"clientset", "resolve", "", errors.New("kubeflow: resolve: no host"), "clientset: resolve: kubeflow: no host"},
		"no subject":           {"auth", "logout", "", cause, "auth: logout: no such host: idp.example.com"},
		"not of this module":   {"auth", "store", "", errors.New("keyring: auth: locked"), "auth: store: keyring: auth: locked"},
		"a cause without text": {"auth", "store", "", errors.New(""), "auth: store: "},
	} {
		if got := fault.Text(tt.pkg, tt.op, tt.subject, tt.cause); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestPanicShowsNoValueOfTheProgram(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]any{"string": "canary", "*errors.errorString": errors.New("canary")} {
		if got := fault.Panic(value); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	defer func() {
		if got := fault.Panic(recover()); got != "interface conversion: interface {} is int, not string" {
			t.Errorf("%q", got)
		}
	}()
	var value any = 1
	_ = value.(string)
}

func TestCodeIsTheStatusOrTheContextsError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want codes.Code
		ok   bool
	}{
		{fmt.Errorf("wrapped: %w", status.Error(codes.NotFound, "x")), codes.NotFound, true},
		{fmt.Errorf("wrapped: %w", context.Canceled), codes.Canceled, true},
		{context.DeadlineExceeded, codes.DeadlineExceeded, true},
		{errors.New("x"), codes.Unknown, false},
	} {
		if got, ok := fault.Code(tt.err); got != tt.want || ok != tt.ok {
			t.Errorf("%v: %v, %v", tt.err, got, ok)
		}
	}
}
