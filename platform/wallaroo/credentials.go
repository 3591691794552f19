package wallaroo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

// credentials are a user's name and password.
type credentials struct{ username, password string }

var (
	errNoFile  = errors.New("does not point to a file")
	errNoField = errors.New("is missing")
)

// readCredentials reads user and password from the environment, else from the file.
func readCredentials(env environment) (credentials, error) {
	if user := env.get(EnvUser); user != "" {
		password, _ := env.lookup(EnvPassword) // not trimmed: spaces may be part of it
		if password == "" {
			return credentials{}, &Error{Input: EnvPassword, Err: env.notSet(", but "+EnvUser+" is", EnvPassword)}
		}
		return credentials{user, password}, nil
	}
	path := env.get(EnvCredentials)
	if path == "" {
		return credentials{}, &Error{Input: "$" + EnvCredentials, Err: env.notSet(
			"; set it to a JSON file with username and password, or set "+EnvUser+" and "+EnvPassword, EnvCredentials, EnvUser)}
	}
	var file struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	content, err := smallfile.Read(path)
	if err != nil {
		return credentials{}, &Error{Input: EnvCredentials, Err: notAFile(err)}
	}
	if json.Unmarshal(content, &file) != nil { // its error would quote the content
		return credentials{}, &Error{Input: path, Err: errors.New("must be JSON with the strings username and password")}
	}
	switch {
	case file.Username == "":
		return credentials{}, &Error{Input: path + ": username", Err: errNoField}
	case file.Password == "":
		return credentials{}, &Error{Input: path + ": password", Err: errNoField}
	}
	return credentials{file.Username, file.Password}, nil
}

// notAFile returns Wallaroo's text for a missing file, with the operating system's error.
func notAFile(err error) error {
	cause := err
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		cause = fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return fmt.Errorf("%w (%w)", errNoFile, cause)
}
