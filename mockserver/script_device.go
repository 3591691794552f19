package mockserver

import (
	"cmp"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
)

// PendingDevices are the devices that wait for a person, oldest first.
func (c *Script) PendingDevices() []authserver.DeviceRequest { return c.server.oauth.PendingDevices() }

// ApproveDevice lets the device that shows userCode act for the person of login,
// as that person would on the device page; an empty login means the first person.
// The error wraps [ErrUnknownUserCode] or
// [ErrUnknownAccount].
func (c *Script) ApproveDevice(userCode, login string) error {
	if err := c.server.oauth.ApproveDevice(userCode, cmp.Or(login, c.server.Login())); err != nil {
		return &Error{Op: "approve device", Err: err}
	}
	return nil
}

// DenyDevice refuses that device. The error wraps [ErrUnknownUserCode].
func (c *Script) DenyDevice(userCode string) error {
	if err := c.server.oauth.DenyDevice(userCode); err != nil {
		return &Error{Op: "deny device", Err: err}
	}
	return nil
}
