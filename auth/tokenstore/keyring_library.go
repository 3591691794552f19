package tokenstore

import "github.com/zalando/go-keyring"

// keyringItems is a keyring: texts under a service and a user. An item that is made
// for another application bears its mark.
type keyringItems interface {
	Set(service, user, value, application string) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

// libraryItems are the items of this machine, by way of go-keyring.
type libraryItems struct{}

func (libraryItems) Get(service, user string) (string, error) { return keyring.Get(service, user) }

func (libraryItems) Delete(service, user string) error { return keyring.Delete(service, user) }
