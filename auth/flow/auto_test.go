package flow

import (
	"errors"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	const none = Method(-1)
	both := configstore.ClientConfig{AuthorizationEndpoint: "https://h/a", DeviceAuthorizationEndpoint: "https://h/d"}
	browse := configstore.ClientConfig{AuthorizationEndpoint: "https://h/a"}
	device := configstore.ClientConfig{DeviceAuthorizationEndpoint: "https://h/d"}
	desk, away := Environment{Terminal: true, Display: true}, Environment{Terminal: true, Remote: true, Display: true}
	editor := Environment{Terminal: true, Remote: true, Browser: true}
	box := Environment{Terminal: true, Display: true, Container: true}
	tests := map[string]struct {
		wish        Method
		cfg         configstore.ClientConfig
		environment Environment
		replies     bool
		want        Method
		err         string
	}{
		"desk":                        {cfg: both, environment: desk, want: MethodBrowser},
		"desk, server without device": {cfg: browse, environment: desk, want: MethodBrowser},
		"desk, device only":           {cfg: device, environment: desk, want: MethodDevice},
		"SSH":                         {cfg: both, environment: away, replies: true, want: MethodDevice},
		"SSH, no device flow":         {cfg: browse, environment: away, replies: true, want: MethodPaste},
		"SSH, nothing at all":         {cfg: browse, environment: away, want: none, err: "$BROWSER"},
		"SSH from an editor":          {cfg: both, environment: editor, want: MethodBrowser},
		"container":                   {cfg: both, environment: box, want: MethodDevice},
		"container, no device flow":   {cfg: browse, environment: box, replies: true, want: MethodPaste},
		"console":                     {cfg: both, environment: Environment{Terminal: true}, want: MethodDevice},
		"no login for people":         {environment: desk, want: none, err: "people cannot log in"},
		"wish for the device flow":    {wish: MethodDevice, cfg: both, environment: desk, want: MethodDevice},
		"wish for a browser, away":    {wish: MethodBrowser, cfg: both, environment: away, want: MethodBrowser},
		"wish for pasting, no reader": {wish: MethodPaste, cfg: both, environment: desk, want: MethodPaste},
		"wish for what is not there":  {wish: MethodDevice, cfg: browse, environment: desk, want: none, err: "no device flow"},
		"wish for a browser in vain":  {wish: MethodBrowser, cfg: device, environment: desk, want: none, err: "no login in a browser"},
		"wish for the unknown":        {wish: 9, cfg: both, environment: desk, want: none, err: "unknown method 9"},
	}
	for name, tc := range tests {
		got, err := choose(tc.wish, tc.cfg, tc.environment, tc.replies)
		if tc.want == none {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: got %v and %v, want an error with %q", name, got, err, tc.err)
			}
			continue
		}
		if err != nil || got != tc.want {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, tc.want)
		}
	}
	if _, err := choose(MethodAuto, browse, away, false); !errors.Is(err, auth.ErrInteractionRequired) {
		t.Errorf("got %v, want that a person is required", err)
	}
	for m, want := range map[Method]string{MethodAuto: "auto", MethodBrowser: "browser", MethodPaste: "paste", MethodDevice: "device", 7: "Method(7)"} {
		if m.String() != want {
			t.Errorf("%d is called %q, want %q", int(m), m, want)
		}
	}
}
