package flow

import (
	"errors"
	"fmt"
)

// Check returns an error that names what the flow lacks: the client's ID, or one of
// Secret, PrivateKey and Assertion. An environment variable has to be set, and not
// empty; it is read again at each login. A file may be written later: Check reads none.
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
	if f.ClientID == "" {
		if err := f.ClientIDFrom.checkVariable(); err != nil {
			return fmt.Errorf("client credentials: no client ID: %w", err)
		}
	}
	for _, s := range []Secret{f.Secret, f.PrivateKey.PEM, f.Assertion} {
		if err := s.checkVariable(); err != nil {
			return fmt.Errorf("client credentials: no client secret for %s: %w", f.subject(), err)
		}
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

// checkVariable returns an error if the secret is an environment variable that is not
// set or empty: the environment of a program changes only where the program changes it.
func (s Secret) checkVariable() error {
	if s.from == nil || s.from.kind != secretEnv {
		return nil
	}
	_, err := s.Read()
	return err
}
