package wallaroo

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jetway-go/jetway/platform/internal/guess"
)

// value is a setting, and the parameter or variable that it comes from.
type value struct{ text, from string }

// environment is where a [Resolver] looks variables up.
type environment struct {
	lookup  func(name string) (string, bool)
	environ func() []string // nil: the names are not known
}

func (r Resolver) environment() environment {
	e := environment{r.LookupEnv, r.Environ}
	if e.lookup == nil {
		e.lookup = os.LookupEnv
		if e.environ == nil {
			e.environ = os.Environ
		}
	}
	return e
}

// get returns a variable; one that is set to nothing, or to blanks, is not set.
func (e environment) get(name string) string {
	text, _ := e.lookup(name)
	return strings.TrimSpace(text)
}

// first returns the parameter, else the variable.
func (e environment) first(param value, name string) value {
	if param.text = strings.TrimSpace(param.text); param.text != "" {
		return param
	}
	return value{e.get(name), name}
}

// misspelt names variables that are set under a name like one of these; empty for none.
func (e environment) misspelt(missing ...string) string {
	return guess.Variables(e.lookup, e.environ, []string{
		EnvAuthType, EnvURL, EnvAuthURL, EnvUser, EnvPassword, EnvCredentials, EnvDisplayURL, EnvRequestTimeout, EnvTaskID,
	}, missing)
}

// missing is the error of settings of which at least one is blank.
func (e environment) missing(settings ...value) error {
	var names []string
	for _, v := range settings {
		if v.text == "" {
			names = append(names, v.from)
		}
	}
	if guessed := e.misspelt(names...); guessed != "" {
		return fmt.Errorf("wallaroo: %s: %w", guessed, ErrMissing)
	}
	return ErrMissing
}

// notSet is what is wrong with a variable that is needed: advice says what to set, and
// names are the variables that could be misspelt.
func (e environment) notSet(advice string, names ...string) error {
	return fmt.Errorf("%w%s", errNotSet, guess.After(advice, e.misspelt(names...)))
}

var errNotSet = errors.New("is not set")
