//go:build (dragonfly && cgo) || (freebsd && cgo) || linux || netbsd || openbsd

package tokenstore

import (
	"fmt"

	ss "github.com/zalando/go-keyring/secret_service"
)

// Replace changes an item of the Secret Service in place. Programs replace an item with all
// of the attributes that they set themselves, and make a second one beside it if there is
// none: so the attributes of an item stay as the program that made it has set them.
func (libraryItems) Replace(service, user, value, application string, superseded func(string) bool) error {
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
	attributes := map[string]string{"service": service, "username": user}
	items, err := svc.SearchItems(collection, attributes) // the one that was changed last comes first
	if err != nil {
		return err
	}
	secret := ss.NewSecret(session.Path(), value)
	if len(items) == 0 {
		if application != "" {
			attributes["application"] = application
		}
		return svc.CreateItem(collection, fmt.Sprintf("Password for '%s' on '%s'", user, service), attributes, secret)
	}
	old := items[:0:0]
	for _, item := range items {
		if err := svc.Unlock(item); err != nil {
			return err
		}
		held, err := svc.GetSecret(item, session.Path())
		if err != nil {
			return err
		}
		if superseded(string(held.Value)) {
			old = append(old, item)
		}
	}
	if len(old) == 0 {
		old = items[:1]
	}
	set := svc.Object(secretsName, old[0]).Call(itemInterface+".SetSecret", 0, secret)
	if set.Err != nil {
		return set.Err
	}
	for _, item := range old[1:] {
		if err := svc.Delete(item); err != nil {
			return err
		}
	}
	return nil
}

const (
	secretsName   = "org.freedesktop.secrets"
	itemInterface = "org.freedesktop.Secret.Item"

	collectionInterface = "org.freedesktop.Secret.Collection"
)

// Locked reports whether the collection that logins are stored in is locked. It asks for no
// password: only Unlock does.
func (libraryItems) Locked() (bool, error) {
	svc, err := ss.NewSecretService()
	if err != nil {
		return false, err
	}
	property, err := svc.GetLoginCollection().GetProperty(collectionInterface + ".Locked")
	if err != nil {
		return false, err
	}
	locked, ok := property.Value().(bool)
	if !ok {
		return false, fmt.Errorf("the property Locked is a %T", property.Value())
	}
	return locked, nil
}
