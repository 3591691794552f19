package backend

import (
	"cmp"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// settings holds the settings of all scopes. Guarded by Backend.mu.
type settings struct {
	keeper kept.Keeper
	rows   map[string]settingsRow // by settingsLevel.place
}

func newSettings() *settings { return &settings{kept.Off{}, map[string]settingsRow{}} }

func (s *settings) set(place string, row settingsRow) {
	s.rows[place] = row
	s.keeper.Keep(record(bucketSettings, kept.Key(place), func() keptSettings {
		return keptSettings{Place: place, Settings: wire(row.settings), Version: row.version}
	}))
}

// settingsRow is the settings of one scope. It is replaced, never changed.
type settingsRow struct {
	settings *settingspb.Settings
	version  uint64
}

// settingsLevel is a scope of a key: the key itself or a wider one.
type settingsLevel struct {
	key   *settingspb.SettingsKey
	place string // under which its row is stored
	width settingspb.ScopeLevel
}

// String names the scope in errors.
func (l settingsLevel) String() string {
	parts := []string{"the organization " + cmp.Or(l.key.GetOrg(), defaultOrg)}
	if l.key.GetDomain() != "" {
		parts = append(parts, "the domain "+l.key.GetDomain())
	}
	if l.key.GetProject() != "" {
		parts = append(parts, "the project "+l.key.GetProject())
	}
	return strings.Join(parts, ", ")
}

// defaultOrg is what an empty organization stands for.
const defaultOrg = "flyte"

// settingsLevels returns the scopes of a key, the widest first. Here alone the organization is
// part of a key. Domain and project need not exist.
func (b *Backend) settingsLevels(key *settingspb.SettingsKey) ([]settingsLevel, error) {
	switch {
	case key == nil:
		return nil, status.Error(codes.InvalidArgument, "key is required")
	case key.GetProject() != "" && key.GetDomain() == "":
		return nil, status.Error(codes.InvalidArgument, "key.domain is required, since key.project is set")
	}
	separator := ":" // real backends join the parts so, and two keys can meet
	if b.cfg.Strict {
		separator = "\x00"
	}
	org, domain, project := cmp.Or(key.GetOrg(), defaultOrg), key.GetDomain(), key.GetProject()
	levels := []settingsLevel{{&settingspb.SettingsKey{Org: key.GetOrg()}, org, settingspb.ScopeLevel_SCOPE_LEVEL_ORG}}
	if domain != "" {
		levels = append(levels, settingsLevel{
			&settingspb.SettingsKey{Org: key.GetOrg(), Domain: domain}, org + separator + domain, settingspb.ScopeLevel_SCOPE_LEVEL_DOMAIN,
		})
	}
	if project != "" {
		levels = append(levels, settingsLevel{
			&settingspb.SettingsKey{Org: key.GetOrg(), Domain: domain, Project: project},
			org + separator + domain + separator + project, settingspb.ScopeLevel_SCOPE_LEVEL_PROJECT,
		})
	}
	return levels, nil
}
