package nublado_test

import (
	"errors"
	"testing"

	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/kernel"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

func TestARestartedKernelIsConnectedToAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{XSRF: true})
	c := s.client(t, "ada")
	ready(t, c)
	lab := session(t, c)
	ctx := t.Context()
	for range 3 {
		before := lab.Done()
		if err := lab.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		<-before
		if got, err := lab.Run(ctx, "print(1+1)"); err != nil || got.Stdout != "2\n" {
			t.Errorf("%q, %v", got.Stdout, err)
		}
	}
	// One that died by itself is used only when the program says so.
	for range 2 {
		if _, err := lab.Run(ctx, "os._exit(1)"); !errors.Is(err, kernel.ErrKernelDied) {
			t.Error(err)
		}
	}
	<-lab.Done()
	if err := lab.Reconnect(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := lab.Run(ctx, "print(1+1)"); err != nil || got.Stdout != "2\n" {
		t.Errorf("%q, %v", got.Stdout, err)
	}
}

func TestARunOnTheConnectionBeforeEndsWithAnError(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{})
	started := make(chan struct{}, 1)
	s.Nublado.OnRun(func(user, code string) nubladotest.Output {
		started <- struct{}{}
		return nubladotest.RunPython(user, code)
	})
	c := s.client(t, "ada")
	ready(t, c)
	lab := session(t, c)
	for want, end := range map[error]func() error{
		kernel.ErrClosed:     func() error { return lab.Reconnect(t.Context()) },
		kernel.ErrKernelDied: func() error { return lab.Restart(t.Context()) },
	} {
		ended := make(chan error)
		go func() {
			_, err := lab.Run(t.Context(), "while True: pass")
			ended <- err
		}()
		<-started
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

func TestAClosedSessionIsNotConnectedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{})
	c := s.client(t, "ada")
	ready(t, c)
	lab := session(t, c)
	if err := lab.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := lab.Reconnect(t.Context()); !errors.Is(err, nublado.ErrNotFound) && !errors.Is(err, kernel.ErrClosed) {
		t.Error(err)
	}
}

func TestASessionOfAStoppedLabIsClosedWithoutAnError(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{})
	c := s.client(t, "ada")
	ready(t, c)
	lab := session(t, c)
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-lab.Done()
	if err := c.WaitForStop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := lab.Reconnect(t.Context()); !errors.Is(err, nublado.ErrLabNotRunning) {
		t.Errorf("connect: %v", err)
	}
	for range 2 {
		if err := lab.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func TestASessionUsesTheLoginThatTheClientHasNow(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]nubladotest.Settings{"before 4": {}, "from 4.1": {XSRF: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, settings)
			c := s.client(t, "ada")
			ready(t, c)
			lab := session(t, c)
			ctx := t.Context()
			// The hub was restarted.
			s.Nublado.EndLogins("ada")
			if err := c.AuthToHub(ctx); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(lab.Interrupt(ctx), lab.Restart(ctx)); err != nil {
				t.Error(err)
			}
			// The lab alone wants another login.
			s.Nublado.LogOutOfLab("ada")
			if err := lab.Reconnect(ctx); !errors.Is(err, nublado.ErrNotLoggedIn) {
				t.Errorf("%v, want ErrNotLoggedIn", err)
			}
			if err := lab.Reconnect(ctx); err != nil {
				t.Error(err)
			}
			if got, err := lab.Run(ctx, "print(1+1)"); err != nil || got.Stdout != "2\n" {
				t.Errorf("%q, %v", got.Stdout, err)
			}
			s.Nublado.EndLogins("ada")
			if err := errors.Join(c.AuthToHub(ctx), lab.Close(ctx)); err != nil || s.Nublado.Sessions("ada") != 0 {
				t.Errorf("%v, %d sessions remain", err, s.Nublado.Sessions("ada"))
			}
		})
	}
}
