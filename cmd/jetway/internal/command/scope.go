package command

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

var (
	errNoProject = errors.New("no project is set")
	errNoDomain  = errors.New("no domain is set")
)

// scope returns the project and the domain that the flags, the profile or the
// configuration name; both are needed.
func scope(p *connect.Plan) (*commonpb.ProjectIdentifier, error) {
	switch {
	case p.Project == "":
		return nil, failure.Exit(failure.Config, errNoProject, "add --project NAME, or store it: jetway profile add NAME --project NAME")
	case p.Domain == "":
		return nil, failure.Exit(failure.Config, errNoDomain, "add --domain NAME, such as development")
	}
	return &commonpb.ProjectIdentifier{Organization: p.Org, Name: p.Project, Domain: p.Domain}, nil
}

// runID reads the name of a run: NAME, with the project and the domain of the flags, or
// PROJECT/DOMAIN/NAME.
func runID(p *connect.Plan, name string) (*commonpb.RunIdentifier, error) {
	switch parts := strings.Split(name, "/"); len(parts) {
	case 3:
		if slices.Contains(parts, "") {
			return nil, failure.Usage("run %q: want NAME or PROJECT/DOMAIN/NAME", name)
		}
		return &commonpb.RunIdentifier{Org: p.Org, Project: parts[0], Domain: parts[1], Name: parts[2]}, nil
	case 1:
		in, err := scope(p)
		if err != nil {
			return nil, err
		}
		if name == "" {
			return nil, failure.Usage("the name of the run is empty")
		}
		return &commonpb.RunIdentifier{Org: p.Org, Project: in.GetName(), Domain: in.GetDomain(), Name: name}, nil
	default:
		return nil, failure.Usage("run %q: want NAME or PROJECT/DOMAIN/NAME", name)
	}
}

// phase returns the name of a phase for people: "running" for ACTION_PHASE_RUNNING.
func phase(p commonpb.ActionPhase) string {
	name := strings.ToLower(strings.TrimPrefix(p.String(), "ACTION_PHASE_"))
	return cmp.Or(strings.ReplaceAll(name, "_", " "), "unknown")
}
