package clientset

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/fault"
)

// withLoginAdvice adds what to do about a login that failed, where a flow cannot
// know which option of this package is missing.
func (c *ClientSet) withLoginAdvice(ctx context.Context, err error) error {
	interaction := errors.Is(err, auth.ErrInteractionRequired)
	switch {
	case c.mute && interaction:
		return &advisedError{error: err, advice: "WithPrompter sets how to show a person what to do"}
	case interaction:
		if other := c.otherLogin.find(ctx); other != "" {
			return &advisedError{error: err, advice: "a login is stored for " + other +
				", another name of this machine: use that name, or log in under this one"}
		}
	case errors.Is(err, configstore.ErrNoLogin):
		return &advisedError{error: err, advice: "such a backend is called without a token; if it wants one all the same, " +
			"WithClientConfig or WithConfigStore says where to log in"}
	}
	return err
}

// withSettingAdvice adds which option of this package helps where a login lacks one, or
// where a web server or a backend without an AuthMetadataService answered.
func (c *ClientSet) withSettingAdvice(err error) error {
	if errors.Is(err, configstore.ErrPlaintext) {
		advice := "WithPlaintextCredentials permits it, on a network that is trusted," +
			" at the backend's own host and where the program names the address itself"
		if c.plaintextAllowed {
			advice = "WithPlaintextCredentials permits it at the backend's own host only: if that address is right, name it in WithClientConfig"
		}
		return &advisedError{error: err, advice: advice}
	}
	asked, ok := errors.AsType[*configstore.Error](err)
	switch {
	case !ok || asked.Op != "remote":
		return err
	case errors.Is(err, configstore.ErrInvalid) && fault.IsPage(err.Error()):
		return &advisedError{
			error:  err,
			advice: c.words().WebServer() + "; if it is the page of a proxy that wants a login of its own, see WithProxyFlow",
		}
	case errors.Is(err, configstore.ErrNotFound):
		return &advisedError{error: err, advice: "the backend does not say where to log in:" +
			" WithConfigStore(configstore.Discovery(issuer, nil)) asks the authorization server, WithClientConfig sets it by hand"}
	default:
		return err
	}
}

// otherLogin looks for a login that is stored under another name of this machine's
// loopback interface. Nil finds none.
type otherLogin struct {
	store auth.Store
	key   auth.Key
	names []string // the endpoint by its other names

	once  sync.Once
	found string
}

// otherLoginLimit bounds how long a call that has failed is held up.
const otherLoginLimit = 3 * time.Second

// find returns the endpoint that the login is stored for, or "". The store is read
// once: calls may fail often.
func (o *otherLogin) find(ctx context.Context) string {
	if o == nil || o.store == nil || len(o.names) == 0 {
		return ""
	}
	o.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), otherLoginLimit)
		defer cancel()
		for _, name := range o.names {
			key := o.key
			key.Endpoint = name
			if _, _, err := auth.Find(ctx, o.store, key); err == nil {
				o.found = name
				return
			}
		}
	})
	return o.found
}
