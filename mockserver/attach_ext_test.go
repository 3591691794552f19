package mockserver_test

import (
	"errors"
	"log/slog"
	"testing"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/mockserver"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Package control shows what an attachment can do; this is what happens if it cannot.
func TestAnAttachmentThatFailsFailsTheServer(t *testing.T) {
	t.Parallel()
	never := errors.New("never")
	address := ""
	s, err := mockserver.New(mockserver.WithAttachment(mockserver.Attachment{
		Attach: func(s *mockserver.Server, _ grpc.ServiceRegistrar) error {
			address = s.URL()
			return never
		},
	}))
	if !errors.Is(err, never) || s != nil || address == "" {
		t.Errorf("got %v, %v at %q", s, err, address)
	}
	if s, err := mockserver.New(mockserver.WithAddress(address[len("http://"):])); err != nil {
		t.Errorf("its listener is still open: %v", err)
	} else if err := s.Close(); err != nil {
		t.Error(err)
	}
}
