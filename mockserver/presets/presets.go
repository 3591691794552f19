// Package presets lists what can go wrong on a mock as faults with a name: what each does,
// and what clients are expected to do then. The console has a button for each, and a mock that
// runs as a command begins with those of --fault.
//
// A preset calls the methods of the mock's script, which has more settings: how often, which
// method, how long. One preset starts once and is over by itself; another, a lasting one, is
// on until it is stopped.
//
// Call [All] or [Find], then [Preset.Start].
package presets

import (
	"slices"
	"time"

	"github.com/jetway-go/jetway/mockserver"
)

// Preset is one fault.
type Preset struct {
	// Name is short and stays the same between versions, such as "token-endpoint-down".
	Name string
	// Group is the title of the presets that it stands among.
	Group string
	// Title is what people choose.
	Title string
	// Does says what the server does.
	Does string
	// Clients says what clients are expected to do.
	Clients string
	// NeedsFront reports whether the server needs mockserver.WithHTTPFront for it.
	NeedsFront bool
	// Sets is what it sets and another preset may set too, which is then without effect, such
	// as "how long calls take"; may be empty.
	Sets []string
	// TokenTTL is the lifetime of access tokens of a server that begins with the preset: a
	// server that runs already cannot start it. Zero for all others.
	TokenTTL time.Duration

	start func(s *mockserver.Server) error
	stop  func(s *mockserver.Server) // nil: it is over by itself
	on    func(s *mockserver.Server) bool
}

// What more than one preset sets.
const (
	everyCall   = "how every third call ends"
	callTime    = "how long calls take"
	rejections  = "what a call without an accepted token gets"
	tokenTime   = "how long the token endpoint takes"
	tokenAnswer = "what the token endpoint answers"
	clockTime   = "what time it is"
)

// All returns every preset, those of a group one after another.
func All() []Preset {
	return slices.Concat(credentials(), tokenEndpoint(), endpoints(), calls(), streams(), clocks())
}

// Find returns the preset with this name.
func Find(name string) (Preset, bool) {
	all := All()
	i := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return all[i], true
}

// Lasting reports whether the fault is on until [Preset.Stop].
func (p Preset) Lasting() bool { return p.stop != nil }

// Start makes s misbehave. The error says what the server lacks for it. A preset with a
// TokenTTL does nothing more.
func (p Preset) Start(s *mockserver.Server) error { return p.start(s) }

// Stop ends a lasting fault; it does nothing for the others.
func (p Preset) Stop(s *mockserver.Server) {
	if p.stop != nil {
		p.stop(s)
	}
}

// On reports whether the fault is on, or still waits for a call or request to meet it. A
// fault that a test has turned on by the script counts too.
func (p Preset) On(s *mockserver.Server) bool { return p.on != nil && p.on(s) }

// text is the message of a call that ends because of a preset.
func text(name string) string { return "a fault of the mock: " + name }

// always makes a start of something that cannot fail.
func always(do func(s *mockserver.Server)) func(*mockserver.Server) error {
	return func(s *mockserver.Server) error {
		do(s)
		return nil
	}
}
