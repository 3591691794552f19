package tokenstore

import "github.com/zalando/go-keyring"

// keyringItems is a keyring: texts under a service and a user.
type keyringItems interface {
	Set(service, user, value string) error
	// Replace puts value into the item that holds what superseded reports true for, else
	// into the one that Get reads, and leaves its attributes as they are. Other items of
	// that name are deleted if superseded reports true for them, and stay otherwise. If
	// there is no item it makes one, with the mark of an application unless that is empty.
	Replace(service, user, value, application string, superseded func(value string) bool) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

// libraryItems are the items of this machine, by way of go-keyring.
type libraryItems struct{}

func (libraryItems) Set(service, user, value string) error { return keyring.Set(service, user, value) }

func (libraryItems) Get(service, user string) (string, error) { return keyring.Get(service, user) }

func (libraryItems) Delete(service, user string) error { return keyring.Delete(service, user) }
