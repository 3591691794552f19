package mock

import (
	"cmp"
	"crypto/rand"

	"github.com/jetway-go/jetway/mockserver/state"
)

// bucketSecrets holds the secrets of earlier starts: of clients and of users.
const bucketSecrets = "secrets of the command"

// openData opens the file of --data and completes the secrets: those of the environment,
// else those of an earlier start with the same client or user, else new ones. It returns nil
// without --data.
func (f *Flags) openData() (*state.File, error) {
	if f.data == "" {
		return nil, nil
	}
	file, err := state.Open(f.data)
	if err != nil {
		return nil, err
	}
	kept := map[string]string{}
	err = file.Each(bucketSecrets, "", func(key string, value []byte) error {
		kept[key] = string(value)
		return nil
	})
	if err == nil {
		client, login := "client/"+f.client, "login/"+f.login
		f.secret = cmp.Or(f.secret, kept[client], rand.Text())
		f.password = cmp.Or(f.password, kept[login], rand.Text())
		err = file.Commit(map[string]map[string][]byte{bucketSecrets: {client: []byte(f.secret), login: []byte(f.password)}})
	}
	if err != nil {
		_ = file.Close() // the first error says more
		return nil, err
	}
	return file, nil
}
