package mockserver_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// A fault of a misspelt method would never happen, and a test would pass in vain.
func TestScriptNamesTheNearestMethodForOneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront())
	for written, want := range map[string]string{
		"/flyteidl2.project.ProjectService/ListProject":  "/flyteidl2.project.ProjectService/ListProjects",
		"flyteidl2.project.ProjectServise/ListProjects":  "/flyteidl2.project.ProjectService/ListProjects",
		"ProjectService/ListProjects":                    "/flyteidl2.project.ProjectService/ListProjects",
		"/flyteidl2.project.ProjektService/*":            "/flyteidl2.project.ProjectService/*",
		"/grpc.health.v1.Health/check":                   "/grpc.health.v1.Health/Check",
		"/flyteidl2.workflow.RunService/WatchRunDetailz": "/flyteidl2.workflow.RunService/WatchRunDetails",
	} {
		want = "did you mean \"" + want + "\"?"
		if err := s.Script().AnswerHTTP(written, 1, mockserver.HTTPAnswer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("AnswerHTTP(%q): %v", written, err)
		}
		for name, script := range map[string]func(){
			"FailNext":                 func() { s.Script().FailNext(written, 1, codes.Aborted, "") },
			"FailNext with no failure": func() { s.Script().FailNext(written, 1, codes.OK, "") },
			"Delay":                    func() { s.Script().Delay(written, time.Second) },
			"Hold":                     func() { s.Script().Hold(written) },
			"BreakStream":              func() { s.Script().BreakStream(written, 0, codes.Aborted, "") },
		} {
			func() {
				defer func() {
					err, _ := recover().(error)
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%s(%q): %v", name, written, err)
					}
				}()
				script()
			}()
		}
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
