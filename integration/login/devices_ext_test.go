package login_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// deviceScenarios need a person with a browser on another machine.
func deviceScenarios() []scenario {
	return []scenario{
		{"device approved", deviceApproved},
		{"device denied", deviceDenied},
	}
}

func deviceApproved(t *testing.T, p *provider) {
	for _, whole := range []bool{true, false} {
		who := newDevice(false)
		who.whole = whole
		prog := p.start(t, flow.DeviceCode{Scopes: p.traits.PersonScopes}, who, nil)
		if p.traits.NoDevice {
			noDeviceFlow(t, prog)
			continue
		}
		prog.mustBe(user)
		if err := <-who.done; err != nil {
			t.Error(err)
		}
		// The first poll finds the approval, which takes less than the interval.
		if c := prog.login(); c.RefreshToken == "" {
			t.Errorf("kept %v", c)
		}
		prog.backend.distrust(prog.login().AccessToken)
		prog.mustBe(user)
		if got := prog.wire.sent("refresh_token"); got != 1 {
			t.Errorf("%d renewals, want 1", got)
		}
	}
}

func deviceDenied(t *testing.T, p *provider) {
	who := newDevice(true)
	f, want := flow.DeviceCode{Scopes: p.traits.PersonScopes}, flow.ErrDenied
	if p.traits.DeviceDenialUntold {
		f.Timeout, want = 7*time.Second, flow.ErrLoginTimeout // a little more than one poll takes
	}
	prog := p.start(t, f, who, nil)
	if p.traits.NoDevice {
		noDeviceFlow(t, prog)
		return
	}
	_, err := prog.whoami()
	if !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
	if err := <-who.done; err != nil {
		t.Error(err)
	}
}

// noDeviceFlow is what a program is told of a server without one: at once, without
// a request, and not as a refusal, since nothing was refused.
func noDeviceFlow(t *testing.T, prog *program) {
	t.Helper()
	_, err := prog.whoami()
	if fe, ok := errors.AsType[*flow.Error](err); !ok || fe.Flow != "device_code" || errors.Is(err, auth.ErrRejected) {
		t.Errorf("%v, want an error of the device flow", err)
	}
	if n := prog.wire.sent(); n != 0 {
		t.Errorf("%d token requests, want none", n)
	}
}
