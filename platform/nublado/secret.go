package nublado

import (
	"fmt"
	"strings"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
)

// readToken reads the token that the secret has now; errors name the field.
func readToken(s flow.Secret, field string) (gafaelfawr.Token, error) {
	text, err := s.Read()
	if err != nil {
		return gafaelfawr.Token{}, &Error{Input: field, Err: err}
	}
	t, err := gafaelfawr.ParseToken(strings.TrimSpace(text))
	if err != nil {
		return gafaelfawr.Token{}, &Error{Input: field, Err: fmt.Errorf("%w (%v)", err, s)}
	}
	return t, nil
}
