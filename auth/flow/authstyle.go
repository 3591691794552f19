package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

// AuthStyle is how a client authenticates to the token endpoint. It is decided before
// the request and not by trying: a second try with the other style doubles the requests
// and hides the first answer.
type AuthStyle int

const (
	// StyleFromServer uses one of the configuration's AuthMethods, and HTTP Basic where
	// there are none (the default of RFC 8414 §2).
	StyleFromServer AuthStyle = iota
	// StyleBasic sends ID and secret form-encoded in the Authorization header
	// (client_secret_basic, RFC 6749 §2.3.1).
	StyleBasic
	// StyleBasicRaw is StyleBasic for servers that do not decode the form
	// encoding; it matters for characters such as % and +.
	StyleBasicRaw
	// StyleForm sends ID and secret in the form body (client_secret_post).
	StyleForm
)

// choose decides on the style for a client with a secret.
func (s AuthStyle) choose(advertised []string) (AuthStyle, error) {
	switch {
	case s < StyleFromServer || s > StyleForm:
		return 0, setting(fmt.Errorf("unknown AuthStyle %d", int(s)))
	case s != StyleFromServer:
		return s, nil
	case len(advertised) == 0, slices.Contains(advertised, "client_secret_basic"):
		return StyleBasic, nil
	case slices.Contains(advertised, "client_secret_post"):
		return StyleForm, nil
	default:
		return 0, setting(fmt.Errorf("the server advertises %s for client authentication, not client_secret_basic or client_secret_post;"+
			" set AuthStyle if it accepts one of them", fault.Foreign(strings.Join(advertised, ", "), 100)))
	}
}
