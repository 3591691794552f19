package presets

import (
	"net/http"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/faults"
)

const (
	// every is the pattern of all methods that need an access token.
	every = "*"
	// slowness is how much longer calls take.
	slowness = 2 * time.Second
	// endless is how many streams or requests meet a fault that they do not outlast.
	endless = 1000
)

func calls() []Preset {
	const group = "Calls"
	list := []Preset{
		failing("fail-next-call", "Fail the next call", codes.Unavailable,
			"Send it again after a pause if the method has no side effects; otherwise return Unavailable. The token stays."),
		failing("deny-next-call", "Deny the next call", codes.PermissionDenied,
			"Return PermissionDenied: a new token would have no more rights."),
		failing("exhaust-next-call", "Refuse the next call for its rate", codes.ResourceExhausted,
			"Return ResourceExhausted, or wait before they send a call without side effects again."),
		everyThird("flaky", group, "Fail every third call", codes.Unavailable,
			"Send calls without side effects again after a pause; return Unavailable for the others. The token stays."),
		everyThird("busy", group, "Refuse every third call for its rate", codes.ResourceExhausted,
			"Pause before they send anything again. The login stays."),
		{
			Name: "delay-calls", Title: "Delay calls",
			Does:    "Every call waits for two seconds before it is served.",
			Clients: "Give every call a deadline; nothing else waits for a slow one.",
			start:   always(func(s *mockserver.Server) { s.Script().Delay(every, slowness) }),
			stop:    func(s *mockserver.Server) { s.Script().Delay(every, 0) },
			on:      func(s *mockserver.Server) bool { return s.Script().On().Delays > 0 },
			Sets:    []string{callTime},
		},
		{
			Name: "slow", Title: "Delay calls and token requests",
			Does:    "Calls and requests for tokens take two seconds longer.",
			Clients: "Work, keep to their callers' deadlines, and ask once for a token for all calls that wait.",
			start: always(func(s *mockserver.Server) {
				s.Script().Delay(every, slowness)
				s.Script().TokenEndpoint().Slow(slowness)
			}),
			stop: func(s *mockserver.Server) {
				s.Script().Delay(every, 0)
				s.Script().TokenEndpoint().Slow(0)
			},
			on: func(s *mockserver.Server) bool {
				return s.Script().On().Delays > 0 && slices.Contains(s.Script().TokenEndpoint().On(), faults.OnSlow)
			},
			Sets: []string{callTime, tokenTime},
		},
		{
			Name: "hold-next-call", Title: "Hold the next call",
			Does:    "The next call waits until this is turned off; then its token is checked once more.",
			Clients: "End the call at its deadline, or when the caller cancels it.",
			start:   always(func(s *mockserver.Server) { s.Script().Hold(every) }),
			stop:    func(s *mockserver.Server) { s.Script().ReleaseAll() },
			on:      func(s *mockserver.Server) bool { return s.Script().On().Holds > 0 },
		},
		{
			Name: "login-page-next-call", Title: "Answer with a login page", NeedsFront: true,
			Does:    "The next call gets a web page with status 200, as from a proxy that wants a login. Needs --http-front.",
			Clients: "Take it for a rejected token, not for an answer: renew and send the call again, once.",
			start: func(s *mockserver.Server) error {
				return s.Script().AnswerHTTP(every, 1, mockserver.HTTPAnswer{Status: http.StatusOK, Body: "<html><body>Log in</body></html>"})
			},
			on: func(s *mockserver.Server) bool { return s.Script().On().Answers > 0 },
		},
		bare("proxy-401", "Bare 401 instead of Unauthenticated",
			"Calls without an accepted token get a bare HTTP 401 with a page, as from a proxy. Needs --http-front.",
			"Take it for Unauthenticated: renew and send the call again, once.",
			mockserver.HTTPAnswer{Status: http.StatusUnauthorized, Body: "<html><body>401 Authorization Required</body></html>"}),
		bare("proxy-redirect", "Redirect instead of Unauthenticated",
			"Calls without an accepted token get HTTP 302 to a login page. Needs --http-front.",
			"Take it for Unauthenticated: renew and send the call again, once. Follow no redirect, and send the token nowhere else.",
			mockserver.HTTPAnswer{Status: http.StatusFound, Location: "https://login.invalid/", Body: "<html><body>Log in</body></html>"}),
	}
	for i := range list {
		list[i].Group = group
	}
	return list
}

func failing(name, title string, code codes.Code, clients string) Preset {
	return Preset{
		Name: name, Title: title, Clients: clients,
		Does:  "The next call that needs a token ends with " + code.String() + ".",
		start: always(func(s *mockserver.Server) { s.Script().FailNext(every, 1, code, text(name)) }),
		on:    func(s *mockserver.Server) bool { return slices.Contains(s.Script().On().Failures, code) },
	}
}

// everyThird is a fault that one call in three meets.
func everyThird(name, group, title string, code codes.Code, clients string) Preset {
	return Preset{
		Name: name, Group: group, Title: title, Clients: clients,
		Does:  "Every third call that needs a token ends with " + code.String() + ".",
		Sets:  []string{everyCall},
		start: always(func(s *mockserver.Server) { s.Script().FailEvery(every, 3, code, text(name)) }),
		stop:  func(s *mockserver.Server) { s.Script().FailEvery(every, 0, code, "") },
		on:    func(s *mockserver.Server) bool { return slices.Contains(s.Script().On().Every, code) },
	}
}

// bare answers what would be Unauthenticated with bare HTTP.
func bare(name, title, does, clients string, answer mockserver.HTTPAnswer) Preset {
	return Preset{
		Name: name, Title: title, Does: does, Clients: clients,
		NeedsFront: true, Sets: []string{rejections},
		start: func(s *mockserver.Server) error { return s.Script().AnswerRejections(&answer) },
		stop:  func(s *mockserver.Server) { _ = s.Script().AnswerRejections(nil) }, // fails only if it could not start
		on:    func(s *mockserver.Server) bool { return s.Script().On().BareRejections == answer.Status },
	}
}

func streams() []Preset {
	const group = "Streams and watches"
	return []Preset{
		{
			Name: "break-next-stream", Group: group, Title: "Break the next stream",
			Does:    "The next stream ends with Unavailable after its first message.",
			Clients: "Open the stream again and go on where it broke: no line twice, none missing.",
			start: always(func(s *mockserver.Server) {
				s.Script().BreakStream(every, 1, codes.Unavailable, text("break-next-stream"))
			}),
			on: func(s *mockserver.Server) bool { return s.Script().On().Breaks > 0 },
		},
		{
			Name: "cut-streams", Group: group, Title: "Break streams, again and again",
			Does:    "Streams end with Unavailable after their third message, a thousand times.",
			Clients: "Open the stream again and go on where it was: no line twice, none missing.",
			start: always(func(s *mockserver.Server) {
				for range endless {
					s.Script().BreakStream(every, 3, codes.Unavailable, text("cut-streams"))
				}
			}),
			on: func(s *mockserver.Server) bool { return s.Script().On().Breaks > 1 },
		},
		{
			Name: "end-watches-early", Group: group, Title: "End watches at their deadline",
			Does:    "Watches end with OK shortly before the caller's deadline.",
			Clients: "Do not take that for the end of the run: look at its phase, and watch again.",
			start:   always(func(s *mockserver.Server) { s.Script().EndWatchesAtDeadline(true) }),
			stop:    func(s *mockserver.Server) { s.Script().EndWatchesAtDeadline(false) },
			on:      func(s *mockserver.Server) bool { return s.Script().On().EarlyEnds },
		},
		{
			Name: "drop-updates", Group: group, Title: "Drop the next five updates",
			Does:    "The next five changes of actions reach no watch.",
			Clients: "Read the state from time to time instead of trusting that every change arrives.",
			start:   always(func(s *mockserver.Server) { s.Script().DropUpdates(5) }),
			on:      func(s *mockserver.Server) bool { return s.Script().On().Drops > 0 },
		},
	}
}

// clocks set the server's clock.
func clocks() []Preset {
	const (
		group = "Clock"
		shift = 2 * time.Hour
	)
	set := func(d time.Duration) func(*mockserver.Server) {
		return func(s *mockserver.Server) { s.SetClockOffset(d) }
	}
	return []Preset{
		{
			Name: "clock-ahead", Group: group, Title: "Two hours ahead",
			Does:    "The server's clock is two hours ahead of the machine's: tokens issued before have expired.",
			Clients: "Renew when a call is refused, although the token has not expired by their own clock.",
			Sets:    []string{clockTime}, start: always(set(shift)), stop: set(0),
			on: func(s *mockserver.Server) bool { return time.Until(s.Now()) > shift/2 },
		},
		{
			Name: "clock-behind", Group: group, Title: "Two hours behind",
			Does:    "The server's clock is two hours behind the machine's.",
			Clients: "Go by expires_in of the answer, not by the times inside a token.",
			Sets:    []string{clockTime}, start: always(set(-shift)), stop: set(0),
			on: func(s *mockserver.Server) bool { return time.Until(s.Now()) < -shift/2 },
		},
	}
}
