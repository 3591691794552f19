package backend

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

// Project is a project that a program adds by [Backend.AddProject].
type Project struct {
	// ID is the project's ID in requests. It must not be empty.
	ID string
	// Name and Description are shown to users; both may be empty.
	Name, Description string
	// Labels are arbitrary keys and values; nil means none.
	Labels map[string]string
	// Archived hides the project from listings without filters.
	Archived bool
}

// AddProject adds p, or replaces the project with the same ID. Every project has
// the domains development, production and staging.
func (b *Backend) AddProject(p Project) {
	state := projectpb.ProjectState_PROJECT_STATE_ACTIVE
	if p.Archived {
		state = projectpb.ProjectState_PROJECT_STATE_ARCHIVED
	}
	fresh := project{id: p.ID, name: p.Name, description: p.Description, labels: maps.Clone(p.Labels), state: int32(state)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.projects.create(fresh, b.cfg.Now()) {
		b.projects.update(p.ID, b.cfg.Now(), func(old *project) {
			fresh.created = old.created
			*old = fresh
		})
	}
}

// project is a stored project, which the services of Flyte 1 and 2 share. Its labels are
// replaced, never changed, so that copies may share them.
type project struct {
	id, name, description string
	labels                map[string]string
	state                 int32 // the same numbers in Flyte 1 and 2
	created, updated      time.Time
}

// projects holds the projects in order of creation. Guarded by Backend.mu.
type projects struct{ rows []project }

func newProjects() *projects { return &projects{} }

func (p *projects) find(id string) (project, bool) {
	if i := p.index(id); i >= 0 {
		return p.rows[i], true
	}
	return project{}, false
}

// create returns false if the ID is taken.
func (p *projects) create(row project, now time.Time) bool {
	if p.index(row.id) >= 0 {
		return false
	}
	row.created, row.updated = now, now
	p.rows = append(p.rows, row)
	return true
}

// update returns false if there is no such project.
func (p *projects) update(id string, now time.Time, change func(*project)) bool {
	i := p.index(id)
	if i < 0 {
		return false
	}
	change(&p.rows[i])
	p.rows[i].updated = now
	return true
}

func (p *projects) index(id string) int {
	return slices.IndexFunc(p.rows, func(row project) bool { return row.id == id })
}

// projectExists takes b.mu.
func (b *Backend) projectExists(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.projects.index(id) >= 0
}

// checkProject returns the error of services that need an existing project; nil if it
// exists. It takes b.mu.
func (b *Backend) checkProject(id string) error {
	if id == "" {
		return status.Error(codes.InvalidArgument, "project is required")
	}
	if !b.projectExists(id) {
		return status.Errorf(codes.NotFound, "project %q not found", id)
	}
	return nil
}

// domain is a domain of the backend's configuration. Every project has all of them,
// whatever its creator requested.
type domain struct{ id, name string }

func domains() []domain {
	return []domain{{"development", "Development"}, {"production", "Production"}, {"staging", "Staging"}}
}

func projectColumns() columns[project] {
	return columns[project]{
		"identifier":  func(p project) any { return p.id },
		"name":        func(p project) any { return p.name },
		"description": func(p project) any { return p.description },
		"state":       func(p project) any { return int64(p.state) },
		"created_at":  func(p project) any { return p.created },
		"updated_at":  func(p project) any { return p.updated },
	}
}

// listing is a ListProjects request of Flyte 1 or 2.
type listing struct {
	limit          uint32
	token, filters string
	sort           *commonpb.Sort
}

// listProjects differs from other listings: a limit of 0 returns all, there is no upper
// bound, and archived projects are listed only with a filter.
func (b *Backend) listProjects(l listing) (page []project, token string, err error) {
	offset, err := parseToken(l.token)
	if err != nil {
		return nil, "", err
	}
	filters, err := parseProjectFilters(l.filters)
	if err != nil {
		return nil, "", err
	}
	b.mu.Lock()
	rows := slices.Clone(b.projects.rows)
	b.mu.Unlock()

	if l.filters == "" {
		rows = slices.DeleteFunc(rows, func(p project) bool {
			return p.state == int32(projectpb.ProjectState_PROJECT_STATE_ARCHIVED)
		})
	}
	cols := projectColumns()
	for _, f := range filters {
		if rows, err = applyFilter(f, rows, cols); err != nil {
			return nil, "", err
		}
	}
	var sorts []*commonpb.Sort
	if l.sort.GetKey() != "" {
		sorts = []*commonpb.Sort{l.sort}
	}
	if err := sortRows(sorts, rows, cols); err != nil {
		return nil, "", err
	}
	limit := int(l.limit)
	page = cutPage(rows, offset, limit)
	return page, fullPageToken(len(page), offset, limit), nil
}
