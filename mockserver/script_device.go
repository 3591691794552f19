package mockserver

import (
	"cmp"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// PendingDevices returns the devices that wait for approval, oldest first.
func (c *Script) PendingDevices() []oauth.DeviceRequest { return c.server.oauth.PendingDevices() }

// ApproveDevice approves the device that shows userCode for the account of login, as
// that user would on the device page; an empty login is the first account. The error
// wraps [ErrUnknownUserCode] or [ErrUnknownAccount].
func (c *Script) ApproveDevice(userCode, login string) error {
	if err := c.server.oauth.ApproveDevice(userCode, cmp.Or(login, c.server.Login())); err != nil {
		return &Error{Op: "approve device", Err: err}
	}
	return nil
}

// DenyDevice denies the device that shows userCode. The error wraps [ErrUnknownUserCode].
func (c *Script) DenyDevice(userCode string) error {
	if err := c.server.oauth.DenyDevice(userCode); err != nil {
		return &Error{Op: "deny device", Err: err}
	}
	return nil
}
