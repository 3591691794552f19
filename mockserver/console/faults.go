package console

import (
	"fmt"
	"strings"

	"github.com/jetway-go/jetway/mockserver/presets"
)

// faultGroup is the faults of one kind.
type faultGroup struct {
	ID, Title string
	Faults    []faultView
}

type faultView struct {
	ID, Name, Title, Does, Clients string
	Lasting, On                    bool
	Do                             string // what its button sends
}

func (c *Console) faultGroups() (groups []faultGroup, on []string) {
	for _, p := range presets.All() {
		if p.TokenTTL > 0 { // too late for it
			continue
		}
		if len(groups) == 0 || groups[len(groups)-1].Title != p.Group {
			groups = append(groups, faultGroup{ID: "group-" + strings.ToLower(strings.ReplaceAll(p.Group, " ", "-")), Title: p.Group})
		}
		v := faultView{
			ID: "fault-" + p.Name, Name: p.Name, Title: p.Title, Does: p.Does, Clients: p.Clients,
			Lasting: p.Lasting(), On: p.On(c.server), Do: doStart + p.Name,
		}
		if v.On {
			on = append(on, p.Group+": "+p.Title)
			if v.Lasting {
				v.Do = doStop + p.Name
			}
		}
		last := &groups[len(groups)-1]
		last.Faults = append(last.Faults, v)
	}
	return groups, on
}

// What buttons send.
const (
	doStart   = "start:"
	doStop    = "stop:"
	doApprove = "approve:"
	doDeny    = "deny:"
	doReset   = "reset"
)

// do does what a button says, and returns a sentence about it.
func (c *Console) do(what string) (said string, err error) {
	script := c.server.Script()
	if what == doReset {
		script.Reset()
		c.server.SetClockOffset(0)
		return "Everything works again. Tokens that were revoked stay revoked.", nil
	}
	if code, ok := strings.CutPrefix(what, doApprove); ok {
		return fmt.Sprintf("Approved for %s: the device gets its token when it asks next.", c.server.Login()), script.ApproveDevice(code, "")
	}
	if code, ok := strings.CutPrefix(what, doDeny); ok {
		return "Denied: the device gets no token.", script.DenyDevice(code)
	}
	name, start := strings.CutPrefix(what, doStart)
	if !start {
		var stop bool
		if name, stop = strings.CutPrefix(what, doStop); !stop {
			return "", errUnknown
		}
	}
	preset, ok := presets.Find(name)
	switch {
	case !ok, preset.TokenTTL > 0:
		return "", errUnknown
	case !start:
		preset.Stop(c.server)
		return preset.Group + ": " + preset.Title + " is over.", nil
	default:
		return preset.Group + ": " + preset.Title + ". " + preset.Does, preset.Start(c.server)
	}
}
