package mock

import (
	"cmp"
	"crypto/rand"
	"errors"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/state"
)

// bucketSecrets holds the secrets of earlier starts: of clients and of users.
const bucketSecrets = "secrets of the command"

// withState calls run with the option that keeps the state in the file of --data; without
// --data, with none.
func (f *Flags) withState(run func(...mockserver.Option) error) error {
	if f.data == "" {
		return run()
	}
	file, err := state.Open(f.data)
	switch {
	case errors.Is(err, state.ErrLocked): // until that process ends
		return err
	case err != nil:
		return &misuse{err}
	}
	if err = f.recall(file); err == nil {
		err = run(mockserver.WithState(file))
	}
	return errors.Join(err, file.Close())
}

// recall has the secrets ready for a client and a user without one: those of the environment,
// else those of an earlier start with the same client or user, else new ones. A seed file may
// have its own, which count before those of earlier starts.
func (f *Flags) recall(file *state.File) error {
	kept := map[string]string{}
	err := file.Each(bucketSecrets, "", func(key string, value []byte) error {
		kept[key] = string(value)
		return nil
	})
	if err != nil {
		return err
	}
	client, login := "client/"+f.client, "login/"+f.login
	f.keptSecret = cmp.Or(f.secret, kept[client], rand.Text())
	f.keptPassword = cmp.Or(f.password, kept[login], rand.Text())
	return file.Commit(map[string]map[string][]byte{bucketSecrets: {client: []byte(f.keptSecret), login: []byte(f.keptPassword)}})
}
