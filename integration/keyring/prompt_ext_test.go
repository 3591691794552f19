package keyring_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"github.com/jetway-go/jetway/auth/tokenstore"
)

// The keyring shows a prompt to unlock it, and no person answers.
func TestPromptWithoutAnswerTimesOut(t *testing.T) {
	t.Parallel()
	if !inside(t, busBare) {
		return
	}
	service := waitingService(t)
	s := &tokenstore.KeyringStore{}
	started := time.Now()
	_, err := s.Retrieve(t.Context(), person)
	took := time.Since(started)
	t.Logf("given up after %v", took.Round(time.Millisecond))
	if !errors.Is(err, tokenstore.ErrKeyringTimeout) || took > bounded {
		t.Errorf("%v after %v", err, took)
	}
	prompts, calls := service.counts()
	if prompts != 1 {
		t.Errorf("%d prompts, want 1", prompts)
	}
	// It is not asked again, by whichever store: one such wait is enough.
	mustFail(t, s, tokenstore.ErrKeyringTimeout)
	if _, after := service.counts(); after != calls {
		t.Errorf("%d calls to a keyring that hangs", after-calls)
	}
	mustFallBack(t, 1)
	if prompts, _ := service.counts(); prompts != 1 {
		t.Errorf("%d prompts, want 1", prompts)
	}
}

// service is a Secret Service (its specification is freedesktop.org's) whose
// keyring is locked. Its prompt appears, and nobody completes it.
type service struct {
	mu             sync.Mutex
	prompts, calls int
}

const (
	collectionPath = servicePath + "/collection/login"
	promptPath     = servicePath + "/prompt/1"
	serviceName    = "org.freedesktop.Secret.Service"
	collectionName = "org.freedesktop.Secret.Collection"
	promptName     = "org.freedesktop.Secret.Prompt"
)

func waitingService(t *testing.T) *service {
	t.Helper()
	conn := connect(t)
	s := &service{}
	for _, export := range []struct {
		object any
		path   dbus.ObjectPath
		name   string
	}{
		{s, servicePath, serviceName},
		{(*collection)(s), collectionPath, collectionName},
		{(*prompt)(s), promptPath, promptName},
	} {
		if err := conn.Export(export.object, export.path, export.name); err != nil {
			t.Fatal(err)
		}
	}
	_, err := prop.Export(conn, servicePath, prop.Map{serviceName: {
		"Collections": {Value: []dbus.ObjectPath{collectionPath}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = prop.Export(conn, collectionPath, prop.Map{collectionName: {
		"Locked": {Value: true}, "Label": {Value: "Login"}, "Items": {Value: []dbus.ObjectPath{}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := conn.RequestName(secretService, dbus.NameFlagDoNotQueue)
	if err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("own %s: %v, %v", secretService, reply, err)
	}
	return s
}

func (s *service) called() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
}

func (s *service) counts() (prompts, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompts, s.calls
}

// OpenSession agrees to plain secrets.
func (s *service) OpenSession(string, dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
	s.called()
	return dbus.MakeVariant(""), servicePath + "/session/1", nil
}

// ReadAlias knows one collection.
func (s *service) ReadAlias(string) (dbus.ObjectPath, *dbus.Error) {
	s.called()
	return collectionPath, nil
}

// SearchItems finds nothing that is unlocked.
func (s *service) SearchItems(map[string]string) (unlocked, locked []dbus.ObjectPath, _ *dbus.Error) {
	s.called()
	return nil, []dbus.ObjectPath{collectionPath + "/1"}, nil
}

// Unlock wants a person.
func (s *service) Unlock([]dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	s.called()
	return nil, promptPath, nil
}

type collection service

// SearchItems finds one.
func (c *collection) SearchItems(map[string]string) ([]dbus.ObjectPath, *dbus.Error) {
	(*service)(c).called()
	return []dbus.ObjectPath{collectionPath + "/1"}, nil
}

type prompt service

// Prompt shows a window, and that is all.
func (p *prompt) Prompt(string) *dbus.Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prompts++
	return nil
}

// Dismiss closes it.
func (p *prompt) Dismiss() *dbus.Error { return nil }
