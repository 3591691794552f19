package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// hasAnother reports whether the flow has another token by now than s; see [Changer].
func (r *renewal) hasAnother(ctx context.Context, s *snapshot) (changed bool) {
	c, ok := r.flow.(Changer)
	if !ok {
		return false
	}
	var panicked error
	defer recovered(ctx, r.log, r.flowName(), &panicked)
	return c.Changed(cmp.Or(s.creds, s.last))
}

// checked returns an error for a result that calls cannot carry.
func (r *renewal) checked(c *Credentials, err error) (*Credentials, error) {
	switch {
	case err != nil:
		return c, err
	case c == nil || c.AccessToken == "":
		return c, errors.New("the flow returned no access token")
	}
	if why := c.sendable(); why != nil {
		return c, fmt.Errorf("%w: %s returned it, and %w", errUnusable, r.flowName(), why)
	}
	return c, nil
}

// flowName names the flow in errors.
func (r *renewal) flowName() string { return fmt.Sprintf("the flow %s (%T)", r.traits.Name, r.flow) }
