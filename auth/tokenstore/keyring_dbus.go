//go:build (dragonfly && cgo) || (freebsd && cgo) || linux || netbsd || openbsd

package tokenstore

import (
	"fmt"

	"github.com/zalando/go-keyring"
	ss "github.com/zalando/go-keyring/secret_service"
)

// Set replaces an item of the Secret Service, or makes it. An item that belongs to
// another application bears its mark: without it, that application would not find
// what to replace, and make a second item beside ours.
func (libraryItems) Set(service, user, value, application string) error {
	if application == "" {
		return keyring.Set(service, user, value)
	}
	svc, err := ss.NewSecretService()
	if err != nil {
		return err
	}
	session, err := svc.OpenSession()
	if err != nil {
		return err
	}
	defer svc.Close(session)
	collection := svc.GetLoginCollection()
	if err := svc.Unlock(collection.Path()); err != nil {
		return err
	}
	label := fmt.Sprintf("Password for '%s' on '%s'", user, service)
	mark := map[string]string{"service": service, "username": user, "application": application}
	return svc.CreateItem(collection, label, mark, ss.NewSecret(session.Path(), value))
}
