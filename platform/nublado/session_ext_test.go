package nublado_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/kernel"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

func session(t *testing.T, c *nublado.Client, opts ...kernel.Option) *nublado.Session {
	t.Helper()
	s, err := c.NewSession(t.Context(), nublado.SessionOptions{}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

func TestNubladoRow11_ASessionRunsCodeInBothFormsOfFrames(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]nubladotest.Settings{
		"binary": {}, "text": {TextFrames: true}, "hub from 4.1": {XSRF: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, settings)
			c := s.client(t, "ada")
			ready(t, c)
			lab := session(t, c)
			ctx := t.Context()
			if got, err := lab.Run(ctx, "print(1+1)"); err != nil || got.Stdout != "2\n" {
				t.Fatalf("%q, %v; want 2", got.Stdout, err)
			}
			if got, err := lab.Run(ctx, "20+22"); err != nil || got.Text() != "42" {
				t.Fatalf("%q, %v; want 42", got.Text(), err)
			}
			_, err := lab.Run(ctx, "1/0")
			raised, ok := errors.AsType[*kernel.Error](err)
			own, isOwn := errors.AsType[*nublado.APIError](err)
			if !ok || !isOwn || raised.Exception.Name != "ZeroDivisionError" || !errors.Is(err, kernel.ErrException) || !errors.Is(own.Kind, kernel.ErrException) {
				t.Fatalf("%v, want the exception", err)
			}
			if want := "nublado: run code for ada: kernel: run: the code raised an exception: ZeroDivisionError: division by zero"; err.Error() != want &&
				!strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q, want %q", err, want)
			}
			if err := lab.Close(ctx); err != nil || s.Nublado.Sessions("ada") != 0 {
				t.Errorf("%v, %d sessions; want none", err, s.Nublado.Sessions("ada"))
			}
			if _, err := lab.Run(ctx, "print(1+1)"); !errors.Is(err, kernel.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		})
	}
}

func TestTheEndOfTheContextInterruptsTheKernel(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{XSRF: true})
	c := s.client(t, "ada")
	ready(t, c)
	lab := session(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := lab.Run(ctx, "while True: pass"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v, want the end of the context", err)
	}
	if got, err := lab.Run(t.Context(), "print(1+1)"); err != nil || got.Stdout != "2\n" {
		t.Errorf("the next run: %q, %v", got.Stdout, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := lab.Run(t.Context(), "while True: pass")
		done <- err
	}()
	for len(done) == 0 { // until the kernel has it, an interrupt has no effect
		if err := lab.Interrupt(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	raised, ok := errors.AsType[*kernel.Error](<-done)
	if !ok || raised.Exception == nil || raised.Exception.Name != "KeyboardInterrupt" {
		t.Errorf("%v, want KeyboardInterrupt", raised)
	}
}

func TestWhatEndsALabOrAKernelEndsTheRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code string
		end  func(*testing.T, *site, *nublado.Client)
		want error
	}{
		"the kernel dies":  {"os._exit(1)", nil, kernel.ErrKernelDied},
		"the lab stops":    {"while True: pass", func(t *testing.T, _ *site, c *nublado.Client) { t.Helper(); _ = c.Stop(t.Context()) }, kernel.ErrClosed},
		"the lab crashes":  {"while True: pass", func(_ *testing.T, s *site, _ *nublado.Client) { s.Nublado.KillLab("ada") }, kernel.ErrClosed},
		"the program ends": {"while True: pass", nil, kernel.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
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
			go func() {
				<-started
				switch {
				case tt.end != nil:
					tt.end(t, s, c)
				case tt.code == "while True: pass":
					_ = lab.Close(t.Context())
				}
			}()
			if got, err := lab.Run(t.Context(), tt.code); !errors.Is(err, tt.want) || got.Complete {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestAHandshakeThatIsRefusedSaysWhy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status   int
		location string
		want     error
	}{
		"stopped":        {302, "/nb/hub/user/ada/api/kernels/x/channels", nublado.ErrLabNotRunning},
		"424":            {424, "", nublado.ErrLabNotRunning},
		"503":            {503, "", nublado.ErrLabNotRunning},
		"403":            {403, "", nublado.ErrNotLoggedIn},
		"404":            {404, "", nublado.ErrNotFound},
		"500":            {500, "", nublado.ErrServer},
		"200":            {200, "", nublado.ErrAnswer},
		"another server": {302, "https://evil.example.com/", nublado.ErrRedirect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, nubladotest.Settings{})
			c := s.client(t, "ada")
			ready(t, c)
			s.Nublado.Answer("ada", nubladotest.Channels, func(w http.ResponseWriter, _ *http.Request) {
				if tt.location != "" {
					w.Header().Set("Location", tt.location)
				}
				w.WriteHeader(tt.status)
			})
			_, err := c.NewSession(t.Context(), nublado.SessionOptions{})
			if own, ok := errors.AsType[*nublado.APIError](err); !ok || !errors.Is(own.Kind, tt.want) || own.Status != tt.status && tt.status != 101 {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if n := s.Nublado.Sessions("ada"); n != 0 {
				t.Errorf("%d sessions remain", n)
			}
		})
	}
}

func TestASessionWithoutAKernelIsDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{XSRF: true})
	c := s.client(t, "ada")
	ready(t, c)
	s.Nublado.Answer("ada", nubladotest.CreateSession, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":"s-1","kernel":null}`))
	})
	if _, err := c.NewSession(t.Context(), nublado.SessionOptions{}); !errors.Is(err, nublado.ErrAnswer) {
		t.Errorf("%v, want ErrAnswer", err)
	}
	if n := s.count(http.MethodDelete, "/nb/user/ada/api/sessions/s-1"); n != 1 {
		t.Errorf("it was deleted %d times, want once", n)
	}
}
