package presets

import (
	"net/http"
	"slices"
	"time"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// floodSize is over what a client should read of a token answer.
const floodSize = 64 << 20

func tokenEndpoint() []Preset {
	const group = "Token endpoint"
	list := []Preset{
		lasting("token-endpoint-down", "Down", faults.OnDown,
			"The token endpoint answers 503 with a page.",
			"Go on with the token that they have while it is valid, and try again later with growing pauses. "+
				"Without one, calls end with an error that names the token endpoint. No login is deleted.",
			func(f *faults.Set, on bool) { f.Down(on) }, tokenAnswer),
		lasting("token-endpoint-hangs", "Hangs", faults.OnHang,
			"The token endpoint accepts requests and does not answer.",
			"End the request after a time limit of their own; calls with a valid token do not wait for it.",
			func(f *faults.Set, on bool) { f.Hang(on) }),
		lasting("token-endpoint-slow", "Slow", faults.OnSlow,
			"The token endpoint takes three seconds to answer.",
			"Ask once for all calls that wait; a call whose deadline passes first ends without the others.",
			func(f *faults.Set, on bool) {
				f.Slow(0)
				if on {
					f.Slow(3 * time.Second)
				}
			}, tokenTime),
		lasting("token-endpoint-redirects", "Redirects", faults.OnRedirect,
			"The token endpoint answers 307 to an address on another port.",
			"Do not follow: the form that they would send again holds secrets.",
			func(f *faults.Set, on bool) {
				f.Redirect("", 0)
				if on {
					f.Redirect("http://127.0.0.1:9/elsewhere", http.StatusTemporaryRedirect)
				}
			}, tokenAnswer),
		lasting("token-endpoint-echoes", "Echoes", faults.OnEcho,
			"The token endpoint answers 500 with a text that repeats the request, secrets included.",
			"Keep that text out of errors and logs.",
			func(f *faults.Set, on bool) { f.Echo(on) }, tokenAnswer),
		lasting("token-endpoint-floods", "Floods", faults.OnFlood,
			"Token answers are 64 MiB long.",
			"Stop reading at a limit of their own and fail.",
			func(f *faults.Set, on bool) {
				f.Flood(0)
				if on {
					f.Flood(floodSize)
				}
			}, tokenAnswer),
		lasting("tokens-without-expiry", "Leaves out expires_in", faults.OnRewrite,
			"Token answers do not say how long a token is valid.",
			"Use the token until a call is refused, or read the expiry from the token itself.",
			func(f *faults.Set, on bool) {
				f.Rewrite(nil)
				if on {
					f.ExpiresIn(nil)
				}
			}),
		lasting("token-answers-as-text", "Answers as text", faults.OnContentType,
			"Token answers are labelled text/plain.",
			"Read the JSON nevertheless.",
			func(f *faults.Set, on bool) {
				f.ContentType("")
				if on {
					f.ContentType("text/plain")
				}
			}),
		once("refuse-refresh", "Refuses: invalid_grant", http.StatusBadRequest, 1,
			"The next request for a token is refused as a dead refresh token is.",
			"Take the login for ended: delete it, and log in again or say that a login is needed.",
			func(f *faults.Set) { f.Refuse(1, "invalid_grant") }),
		once("login-refused", "Refuses all: invalid_grant", http.StatusBadRequest, endless,
			"Requests for tokens are refused with invalid_grant, a thousand times.",
			"Say that a new login is needed, forget the refresh token, and do not ask again by themselves.",
			func(f *faults.Set) { f.Refuse(endless, "invalid_grant") }),
		once("refuse-client", "Refuses: invalid_client", http.StatusUnauthorized, 1,
			"The next request for a token is refused as a wrong client secret is.",
			"Return the error at once: trying again cannot help. Keep the stored login.",
			func(f *faults.Set) { f.Refuse(1, "invalid_client") }),
		once("token-endpoint-busy", "Too many requests", http.StatusTooManyRequests, 1,
			"The next request for a token is answered 429 with Retry-After: 2.",
			"Wait for these two seconds before the next request.",
			func(f *faults.Set) {
				f.FailNext(1, faults.Answer{
					Status: http.StatusTooManyRequests, ContentType: "text/plain", Body: "too many requests",
					Header: http.Header{"Retry-After": {"2"}},
				})
			}),
	}
	for i := range list {
		list[i].Group = group
	}
	return list
}

// lasting is a fault of the token endpoint that [faults.Set.On] calls name.
func lasting(preset, title, name, does, clients string, set func(*faults.Set, bool), sets ...string) Preset {
	return Preset{
		Name: preset, Title: title, Does: does, Clients: clients, Sets: sets,
		start: always(func(s *mockserver.Server) { set(s.Script().TokenEndpoint(), true) }),
		stop:  func(s *mockserver.Server) { set(s.Script().TokenEndpoint(), false) },
		on:    func(s *mockserver.Server) bool { return slices.Contains(s.Script().TokenEndpoint().On(), name) },
	}
}

// once is a fault of the token endpoint that so many requests meet, whose answer has status.
func once(preset, title string, status, times int, does, clients string, queue func(*faults.Set)) Preset {
	return Preset{
		Name: preset, Title: title, Does: does, Clients: clients,
		start: always(func(s *mockserver.Server) { queue(s.Script().TokenEndpoint()) }),
		on: func(s *mockserver.Server) bool {
			return slices.ContainsFunc(s.Script().TokenEndpoint().Queued(), func(q faults.Queued) bool {
				return q.Status == status && (times == 1 || q.Left > 1)
			})
		},
	}
}

// endpoints take the other endpoints down.
func endpoints() []Preset {
	var list []Preset
	for _, e := range []struct {
		name, title, it string
		endpoint        oauth.Endpoint
		clients         string
	}{
		{
			"discovery-down", "Discovery down", "Discovery", oauth.EndpointDiscovery,
			"Go on with what they have learnt already; a new client returns Unavailable and tries again at the next call.",
		},
		{
			"authorization-down", "Authorization endpoint down", "The authorization endpoint", oauth.EndpointAuthorization,
			"A login in a browser shows the page and ends at its time limit; other logins go on.",
		},
		{
			"device-authorization-down", "Device authorization down", "The device authorization endpoint", oauth.EndpointDevice,
			"Report that the login could not begin, and wait before they try again.",
		},
		{
			"revocation-down", "Revocation down", "The revocation endpoint", oauth.EndpointRevocation,
			"A logout deletes the stored login all the same and reports that the server did not revoke it.",
		},
		{
			"introspection-down", "Introspection down", "The introspection endpoint", oauth.EndpointIntrospection,
			"A service that asks here refuses calls with Unavailable, not with Unauthenticated.",
		},
		{
			"userinfo-down", "Userinfo down", "The userinfo endpoint", oauth.EndpointUserinfo,
			"Show the login without the user's name.",
		},
	} {
		list = append(list, Preset{
			Name: e.name, Group: "Other endpoints", Title: e.title, Does: e.it + " answers 503 with a page.", Clients: e.clients,
			start: always(func(s *mockserver.Server) { s.Script().Endpoint(e.endpoint).Down(true) }),
			stop:  func(s *mockserver.Server) { s.Script().Endpoint(e.endpoint).Down(false) },
			on: func(s *mockserver.Server) bool {
				return slices.Contains(s.Script().Endpoint(e.endpoint).On(), faults.OnDown)
			},
		})
	}
	return list
}
