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
	desk, away := Surroundings{Terminal: true, Display: true}, Surroundings{Terminal: true, Remote: true, Display: true}
	editor := Surroundings{Terminal: true, Remote: true, Browser: true}
	box := Surroundings{Terminal: true, Display: true, Container: true}
	tests := map[string]struct {
		wish    Method
		cfg     configstore.ClientConfig
		around  Surroundings
		replies bool
		want    Method
		err     string
	}{
		"desk":                        {cfg: both, around: desk, want: MethodBrowser},
		"desk, server without device": {cfg: browse, around: desk, want: MethodBrowser},
		"desk, device only":           {cfg: device, around: desk, want: MethodDevice},
		"SSH":                         {cfg: both, around: away, replies: true, want: MethodDevice},
		"SSH, no device flow":         {cfg: browse, around: away, replies: true, want: MethodPaste},
		"SSH, nothing at all":         {cfg: browse, around: away, want: none, err: "$BROWSER"},
		"SSH from an editor":          {cfg: both, around: editor, want: MethodBrowser},
		"container":                   {cfg: both, around: box, want: MethodDevice},
		"container, no device flow":   {cfg: browse, around: box, replies: true, want: MethodPaste},
		"console":                     {cfg: both, around: Surroundings{Terminal: true}, want: MethodDevice},
		"no login for people":         {around: desk, want: none, err: "people cannot log in"},
		"wish for the device flow":    {wish: MethodDevice, cfg: both, around: desk, want: MethodDevice},
		"wish for a browser, away":    {wish: MethodBrowser, cfg: both, around: away, want: MethodBrowser},
		"wish for pasting, no reader": {wish: MethodPaste, cfg: both, around: desk, want: MethodPaste},
		"wish for what is not there":  {wish: MethodDevice, cfg: browse, around: desk, want: none, err: "no device flow"},
		"wish for a browser in vain":  {wish: MethodBrowser, cfg: device, around: desk, want: none, err: "no login in a browser"},
		"wish for the unknown":        {wish: 9, cfg: both, around: desk, want: none, err: "unknown method 9"},
	}
	for name, tc := range tests {
		got, err := choose(tc.wish, tc.cfg, tc.around, tc.replies)
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
