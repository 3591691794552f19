package mockserver_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
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

func TestCheckMethodNamesTheNearestMethod(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	for written, want := range map[string]string{
		"CreateRuns": `"/flyteidl2.workflow.RunService/CreateRun"`,
		"/flyteidl2.project.ProjectService/ListProject": `"` + listProjects + `"`,
		"ProjectService/ListProjects":                   `"` + listProjects + `"`,
	} {
		if err := s.Script().CheckMethod(written); err == nil || !strings.HasSuffix(err.Error(), "did you mean "+want+"?") {
			t.Errorf("%s: %v", written, err)
		}
	}
	for _, known := range []string{"", "*", listProjects, listProjects[1:], "/flyteidl2.project.ProjectService/*"} {
		if err := s.Script().CheckMethod(known); err != nil {
			t.Error(err)
		}
	}
}
