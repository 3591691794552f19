package flow

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// printedClasses returns the table for docs/flows.md.
func printedClasses() string {
	var b strings.Builder
	b.WriteString("| response | error code | to a refresh | to a login | while a person logs in |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range classes() {
		var names []string
		for _, code := range c.codes {
			names = append(names, "`"+code+"`")
		}
		refresh := string(c.refresh)
		if c.fault {
			refresh += ", a server fault"
		}
		fmt.Fprintf(&b, "| %s%s | %s | %s | %s | %s |\n", c.response, c.shownStatuses(), strings.Join(names, ", "), refresh, c.login, c.person)
	}
	return b.String()
}

func (c class) shownStatuses() string {
	if c.statuses == nil {
		return ""
	}
	var spans []string
	for first := 0; first < 600; first++ {
		if !c.statuses(first) {
			continue
		}
		last := first
		for last+1 < 600 && c.statuses(last+1) {
			last++
		}
		switch {
		case first == 0:
		case last == first:
			spans = append(spans, fmt.Sprint(first))
		default:
			spans = append(spans, fmt.Sprintf("%d to %d", first, last))
		}
		first = last
	}
	if len(spans) == 0 {
		return ""
	}
	return " (" + strings.Join(spans, ", ") + ")"
}

func TestFlowsPagePrintsTheTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/flows.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "<!-- classes: begin -->\n")
	got, _, ended := strings.Cut(rest, "<!-- classes: end -->")
	if want := "\n" + printedClasses() + "\n"; !found || !ended || got != want {
		t.Errorf("docs/flows.md does not have the table of auth/flow/meaning.go between its markers; it is:\n%s", want)
	}
}

// Each class says something that no class before it has said already.
func TestEveryClassIsReached(t *testing.T) {
	t.Parallel()
	reached := map[string]bool{}
	for _, c := range classes() {
		for _, code := range append(c.codes, "", "other") {
			for s := range 600 {
				reached[classOf(s, code).response] = true
			}
		}
	}
	for _, c := range classes() {
		if !reached[c.response] {
			t.Errorf("%q is never reached", c.response)
		}
		if c.refresh == "" || c.login == "" || c.person == "" {
			t.Errorf("%q is not complete", c.response)
		}
	}
}

// What is no refusal is Unavailable, and what is one is not.
func TestMeaningsAreErrorsOfTheirKind(t *testing.T) {
	t.Parallel()
	for _, grant := range []string{grantRefresh, grantPassword, grantDevice, grantAuthorize, ""} {
		for _, code := range []string{
			"", "invalid_grant", "invalid_client", "access_denied", "expired_token", "slow_down", "server_error", "Internal Server Error", "ok:false",
		} {
			for _, httpStatus := range []int{0, 200, 302, 400, 401, 403, 404, 408, 429, 500, 503} {
				te := &TokenError{Status: httpStatus, Code: code, grant: grant}
				said := map[meaning]error{refused: auth.ErrRejected, setup: auth.ErrRejected, denied: ErrDenied, lapsed: ErrLoginTimeout}[te.meaning()]
				for _, kind := range []error{auth.ErrRejected, ErrDenied, ErrLoginTimeout} {
					if errors.Is(te, kind) != errors.Is(said, kind) {
						t.Errorf("%s, %d %q: is %v: %v", grant, httpStatus, code, kind, errors.Is(te, kind))
					}
				}
				want := codes.Unavailable
				if said != nil {
					want = codes.Unauthenticated
				}
				if status.Code(te) != want || te.Temporary() != (said == nil) {
					t.Errorf("%s, %d %q: %v, temporary %v", grant, httpStatus, code, status.Code(te), te.Temporary())
				}
				fault := httpStatus >= 500 && said == nil && isErrorCode(code) && code != "slow_down"
				if errors.Is(te, auth.ErrServerFault) != fault {
					t.Errorf("%s, %d %q: server fault %v, want %v", grant, httpStatus, code, !fault, fault)
				}
			}
		}
	}
}
