package backend

import (
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
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
			fresh.number, fresh.created = old.number, old.created
			*old = fresh
		})
	}
}

// project is a stored project, which the services of Flyte 1 and 2 share. Its labels are
// replaced, never changed, so that copies may share them.
type project struct {
	number                int64 // of its creation, from 1
	id, name, description string
	labels                map[string]string
	state                 int32 // the same numbers in Flyte 1 and 2
	created, updated      time.Time
}

// projects holds the projects in order of creation. Guarded by Backend.mu.
type projects struct {
	keeper kept.Keeper
	rows   []project
	places map[string]int // by ID
}

func newProjects() *projects { return &projects{keeper: kept.Off{}, places: map[string]int{}} }

func (p *projects) find(id string) (project, bool) {
	if i, ok := p.places[id]; ok {
		return p.rows[i], true
	}
	return project{}, false
}

// create returns false if the ID is taken.
func (p *projects) create(row project, now time.Time) bool {
	if _, taken := p.places[row.id]; taken {
		return false
	}
	row.number = int64(len(p.rows) + 1)
	row.created, row.updated = now, now
	p.places[row.id] = len(p.rows)
	p.rows = append(p.rows, row)
	p.keeper.Keep(row.change())
	return true
}

// update returns false if there is no such project.
func (p *projects) update(id string, now time.Time, change func(*project)) bool {
	i, ok := p.places[id]
	if !ok {
		return false
	}
	change(&p.rows[i])
	p.rows[i].updated = now
	p.keeper.Keep(p.rows[i].change())
	return true
}

// HasProject reports whether there is a project with this ID, archived or not.
func (b *Backend) HasProject(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.projects.find(id)
	return ok
}

// checkProject returns the error of services that need an existing project; nil if it
// exists. It takes b.mu.
func (b *Backend) checkProject(id string) error {
	if id == "" {
		return status.Error(codes.InvalidArgument, "project is required")
	}
	if !b.HasProject(id) {
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
		"identifier":  textColumn(func(p project) string { return p.id }),
		"name":        textColumn(func(p project) string { return p.name }),
		"description": textColumn(func(p project) string { return p.description }),
		"labels":      textColumn(project.serializedLabels),
		"state":       numberColumn(func(p project) int64 { return int64(p.state) }),
		"created_at":  timeColumn(func(p project) time.Time { return p.created }),
		"updated_at":  timeColumn(func(p project) time.Time { return p.updated }),
	}
}

// adminColumns are those of Flyte 1, where id is the number of the row.
func adminColumns() columns[project] {
	cols := projectColumns()
	cols["id"] = numberColumn(func(p project) int64 { return p.number })
	return cols
}

// serializedLabels returns the labels as they are stored, which is what filters read.
func (p project) serializedLabels() string {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&taskpb.Labels{Values: p.labels})
	if err != nil {
		return ""
	}
	return string(raw)
}

// listing is a ListProjects request, read.
type listing struct {
	offset, limit int
	filters       []projectTerm
	sort          *commonpb.Sort // nil leaves the order of creation
	admin         bool           // of Flyte 1
}

// listProjects differs from other listings: a limit of 0 returns all, there is no upper
// bound, and archived projects are listed only with a filter.
func (b *Backend) listProjects(l listing) (page []project, token string, err error) {
	cols := projectColumns()
	if l.admin {
		cols = adminColumns()
	}
	q := query[project]{}
	for _, term := range l.filters {
		test, err := term.test(cols, l.admin, b.cfg.Strict)
		if err != nil {
			return nil, "", err
		}
		q.tests = append(q.tests, test)
	}
	if len(l.filters) == 0 {
		q.tests = append(q.tests, func(p project) bool { return p.state != int32(projectpb.ProjectState_PROJECT_STATE_ARCHIVED) })
	}
	if l.sort != nil {
		if err := q.sortBy(l.sort, cols); err != nil {
			return nil, "", err
		}
	}
	b.mu.Lock()
	rows := slices.Clone(b.projects.rows)
	b.mu.Unlock()
	rows = slices.DeleteFunc(rows, func(p project) bool {
		return slices.ContainsFunc(q.tests, func(test func(project) bool) bool { return !test(p) })
	})
	q.sort(rows)
	page = cutPage(rows, l.offset, l.limit)
	return page, fullPageToken(len(page), l.offset, l.limit), nil
}

// parseProjectToken reads a page token as Flyte 2 does for projects: blanks and a plus
// before the number, and what comes after it, are ignored. A strict backend reads plain
// digits only.
func parseProjectToken(token string, strict bool) (int, error) {
	if !strict {
		number := strings.TrimPrefix(strings.TrimLeft(token, " "), "+")
		if end := strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' }); end > 0 {
			number = number[:end]
		}
		if number != "" {
			token = number
		}
	}
	return parseToken(token)
}
