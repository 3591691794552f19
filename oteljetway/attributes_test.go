package oteljetway

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

func TestOnlyTheHostOfAnEndpointIsReported(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"flyte.example.com":                      "flyte.example.com",
		"flyte.example.com:8089":                 "flyte.example.com",
		"[::1]:8089":                             "::1",
		"[::1]":                                  "::1",
		"xds:///flyte.example.com":               "flyte.example.com",
		"passthrough:///flyte.example.com:8089":  "flyte.example.com",
		"unix:/home/ada/flyte.sock":              "unix",
		"unix-abstract:ada":                      "unix",
		"https://ada:pw@hub.example.com/ada?t=1": "hub.example.com",
		"hub.example.com/user/ada":               "hub.example.com",
		"":                                       "",
	} {
		if got := host(endpoint); got != want {
			t.Errorf("host(%q) = %q, want %q", endpoint, got, want)
		}
	}
}

func TestAFlowIsReportedWithoutItsClient(t *testing.T) {
	t.Parallel()
	for flow, want := range map[string]string{
		"oauth":                            "oauth",
		"client_credentials/nightly-robot": "client_credentials",
		"example.com/program/vault.Login":  "vault.Login",
		"main.login":                       "main.login",
		"":                                 "",
	} {
		if got := flowName(flow); got != want {
			t.Errorf("flowName(%q) = %q, want %q", flow, got, want)
		}
	}
}

func TestErrorsAreReportedByTheirKind(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"closed":               &auth.Error{Op: "login", Err: auth.ErrClosed},
		"canceled":             fmt.Errorf("wait: %w", context.Canceled),
		"deadline_exceeded":    fmt.Errorf("wait: %w", context.DeadlineExceeded),
		"interaction_required": auth.ErrNotLoggedIn,
		"rejected":             fmt.Errorf("%w: %w", auth.ErrInteractionRequired, auth.ErrRejected),
		"declined":             auth.ErrDeclined,
		"server_fault":         auth.ErrServerFault,
		"lease_required":       auth.ErrLeaseRequired,
		"misconfigured":        auth.ErrMisconfigured,
		"_OTHER":               errors.New("token s3cret for ada"),
	} {
		if got := errorType(err); got != want {
			t.Errorf("errorType(%v) = %q, want %q", err, got, want)
		}
	} // A lease that another keeps: the wait for it has ended, not the call.
	busy := fmt.Errorf("%w: another keeps it: %w", auth.ErrLeaseRequired, context.DeadlineExceeded)
	if got := errorType(busy); got != "lease_required" {
		t.Errorf("a busy lease is %q", got)
	}
}
