package mock

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Fault is a fault that a mock has from its start, by the name that --fault takes.
// docs/mock.md says what clients are expected to do.
type Fault struct {
	// Name is the name.
	Name string

	front bool   // it needs the HTTP front
	alone string // what only one fault can set; empty for a fault that goes with all others
	ttl   time.Duration
	set   func(*mockserver.Script) error
}

// Figures of the faults.
const (
	faultTTL    = 2 * time.Second
	faultDelay  = 2 * time.Second
	faultEvery  = 3
	faultStream = 3 // messages that pass
	faultMany   = 1000
)

// What only one fault at a time can set.
const (
	everyCall  = "how every third call ends"
	rejections = "what a call without an accepted token gets"
)

// Faults returns every fault.
func Faults() []Fault {
	always := func(set func(*mockserver.Script)) func(*mockserver.Script) error {
		return func(s *mockserver.Script) error { set(s); return nil }
	}
	return []Fault{
		{Name: "expired-tokens", ttl: faultTTL, set: always(func(*mockserver.Script) {})},
		{Name: "rejected-tokens", alone: everyCall, set: always(func(s *mockserver.Script) {
			s.FailEvery("*", faultEvery, codes.Unauthenticated, "rejected by --fault rejected-tokens")
		})},
		{Name: "flaky", alone: everyCall, set: always(func(s *mockserver.Script) {
			s.FailEvery("*", faultEvery, codes.Unavailable, "failed by --fault flaky")
		})},
		{Name: "busy", alone: everyCall, set: always(func(s *mockserver.Script) {
			s.FailEvery("*", faultEvery, codes.ResourceExhausted, "refused by --fault busy")
		})},
		{Name: "slow", set: always(func(s *mockserver.Script) {
			s.Delay("*", faultDelay)
			s.TokenEndpoint().Slow(faultDelay)
		})},
		{Name: "cut-streams", set: always(func(s *mockserver.Script) {
			for range faultMany {
				s.BreakStream("*", faultStream, codes.Unavailable, "cut by --fault cut-streams")
			}
		})},
		{Name: "proxy-401", front: true, alone: rejections, set: func(s *mockserver.Script) error {
			return s.AnswerRejections(&mockserver.HTTPAnswer{
				Status: http.StatusUnauthorized, Body: "<html><body>401 Authorization Required</body></html>",
			})
		}},
		{Name: "proxy-redirect", front: true, alone: rejections, set: func(s *mockserver.Script) error {
			return s.AnswerRejections(&mockserver.HTTPAnswer{
				Status: http.StatusFound, Location: "https://login.invalid/", Body: "<html><body>Log in</body></html>",
			})
		}},
		{Name: "token-endpoint-down", set: always(func(s *mockserver.Script) { s.TokenEndpoint().Down(true) })},
		{Name: "token-endpoint-busy", set: always(func(s *mockserver.Script) {
			s.TokenEndpoint().FailNext(1, oauth.Answer{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"2"}}})
		})},
		{Name: "login-refused", set: always(func(s *mockserver.Script) { s.TokenEndpoint().Refuse(faultMany, "invalid_grant") })},
	}
}

// faultNames returns the names, for help and errors.
func faultNames() string {
	var names []string
	for _, f := range Faults() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// checkFaults returns an error for a fault that there is not, and for two of which one would
// be without effect.
func (f *Flags) checkFaults() error {
	for _, name := range f.faults {
		if !slices.ContainsFunc(Faults(), func(x Fault) bool { return x.Name == name }) {
			return fmt.Errorf("--fault %q: want one of %s", name, faultNames())
		}
	}
	set := map[string]string{}
	for _, x := range f.chosen() {
		if before := set[x.alone]; x.alone != "" && before != "" {
			return fmt.Errorf("--fault %s and --fault %s both say %s: give one of them", before, x.Name, x.alone)
		}
		set[x.alone] = x.Name
	}
	return nil
}

// chosen returns the faults that the flags name.
func (f *Flags) chosen() []Fault {
	return slices.DeleteFunc(Faults(), func(x Fault) bool { return !slices.Contains(f.faults, x.Name) })
}
