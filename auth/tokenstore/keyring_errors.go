package tokenstore

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/zalando/go-keyring"

	"github.com/jetway-go/jetway/auth"
)

// Errors of a keyring that cannot be used. After any of them the keyring is unchanged, and
// none of them is [auth.ErrNoCredentials].
var (
	// ErrKeyringUnavailable says that there is no keyring, or that it answers with errors.
	ErrKeyringUnavailable = errors.New("no keyring available")
	// ErrKeyringLocked says that a person has to unlock the keyring first.
	ErrKeyringLocked = errors.New("the keyring is locked")
	// ErrKeyringTooBig says that a login does not fit into the keyring.
	ErrKeyringTooBig = errors.New("too big for the keyring")
	// ErrKeyringTimeout says that the keyring did not answer within 3 seconds.
	ErrKeyringTimeout = errors.New("the keyring did not answer in time")
)

// classify wraps an error of the keyring in one of the package's. It keeps the text
// unless that could repeat value.
func classify(err error, value string) error {
	switch {
	case err == nil, errors.Is(err, ErrKeyringUnavailable), errors.Is(err, ErrKeyringLocked):
		return err
	case errors.Is(err, keyring.ErrNotFound):
		return auth.ErrNoCredentials
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return ErrKeyringTooBig
	}
	class := ErrKeyringUnavailable
	text := err.Error()
	if strings.Contains(text, "failed to unlock") || strings.Contains(text, " locked") || lockedExit(err) {
		class = ErrKeyringLocked
	}
	if value != "" || len(text) > 300 {
		text = fmt.Sprintf("%T", err)
	}
	return fmt.Errorf("%w: %s", class, text)
}

// lockedExit reports whether /usr/bin/security of macOS ended because no person may
// be asked, because the password was wrong, or because the person refused: its exit
// code is the low byte of errSecInteractionNotAllowed (-25308), errSecAuthFailed
// (-25293) and userCanceledErr (-128).
func lockedExit(err error) bool {
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) {
		return false
	}
	switch exit.ExitCode() {
	case 36, 51, 128:
		return true
	default:
		return false
	}
}
