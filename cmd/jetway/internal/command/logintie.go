package command

import (
	"context"
	"errors"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/clientset"
)

// tie ends a login with the command: the library's own lasts as long as the client set, for
// others who may wait for it. It knows whether there is a login that is being stored.
type tie struct {
	ctx    context.Context //nolint:containedctx // that of the command, which Obtain is not given
	ended  chan struct{}   // closed when Obtain has returned
	result error           // of Obtain
}

func newTie(ctx context.Context) *tie {
	return &tie{ctx: ctx, ended: make(chan struct{})}
}

// flow returns f, tied. A flow that can renew and revoke still can.
func (t *tie) flow(f auth.Flow) auth.Flow {
	tied := tiedFlow{f, t}
	renewer, renews := f.(auth.Renewer)
	revoker, revokes := f.(auth.Revoker)
	if renews && revokes {
		return struct {
			tiedFlow
			renewing
			revoking
		}{tied, renewing{renewer}, revoking{revoker}}
	}
	return tied
}

type (
	renewing struct{ r auth.Renewer }
	revoking struct{ r auth.Revoker }
	tiedFlow struct {
		auth.Flow

		tie *tie
	}
)

// Renew is that of the flow.
func (r renewing) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return r.r.Renew(ctx, env, prev)
}

// Revoke is that of the flow.
func (r revoking) Revoke(ctx context.Context, env auth.Env, creds *auth.Credentials) error {
	return r.r.Revoke(ctx, env, creds)
}

// Traits are those of the flow.
func (f tiedFlow) Traits() auth.Traits { return auth.TraitsOf(f.Flow) }

// Check returns what the flow says that it lacks.
func (f tiedFlow) Check() error {
	if c, ok := f.Flow.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// Obtain logs in, until the command ends.
func (f tiedFlow) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.tie.ctx, cancel)()
	c, err := f.Flow.Obtain(ctx, env, prev)
	select {
	case <-f.tie.ended: // it was called twice, and once is what counts
	default:
		f.tie.result = err
		close(f.tie.ended)
	}
	return c, err
}

// settle is for a login that was interrupted: it waits until nothing changes any more, and
// returns nil if the login is there all the same.
func (t *tie) settle(cs *clientset.ClientSet) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 5*time.Second)
	defer cancel()
	select {
	case <-t.ended:
	case <-ctx.Done():
		return errUnsettled
	}
	if t.result != nil {
		return t.result
	}
	_, err := cs.Authenticator().Credentials(ctx) // waits until it is stored, and asks for nothing
	return err
}

var errUnsettled = errors.New("the login did not end in time")
