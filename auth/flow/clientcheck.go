package flow

import (
	"errors"
	"fmt"
)

// Check returns an error that names what the flow lacks: the client's ID, or one of
// Secret, PrivateKey and Assertion. It reads no file and no environment variable: those
// are read at each login.
func (f ClientCredentials) Check() error {
	switch {
	case f.ClientID == "" && f.ClientIDFrom.from == nil:
		return errors.New("client credentials: no client ID: set ClientID, or ClientIDFrom")
	case f.ClientID == "" && f.ClientIDFrom.isEmptyValue():
		return errors.New("client credentials: the client ID is empty: ClientIDFrom was given an empty value")
	case f.proof().none():
		return fmt.Errorf("client credentials: no client secret for %s: set Secret, PrivateKey or Assertion", f.subject())
	case f.Secret.isEmptyValue(), f.PrivateKey.PEM.isEmptyValue(), f.Assertion.isEmptyValue():
		return fmt.Errorf("client credentials: the client secret for %s is empty: SecretValue was given an empty value", f.subject())
	}
	return nil
}

func (f ClientCredentials) subject() string {
	if f.ClientID != "" {
		return "client " + f.ClientID
	}
	return "the client"
}

func (s Secret) isEmptyValue() bool {
	return s.from != nil && s.from.kind == secretValue && *s.from.text == ""
}
