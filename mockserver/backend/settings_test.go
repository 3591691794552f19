package backend

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const (
	settingUnset = settingspb.SettingState_SETTING_STATE_UNSET
	settingValue = settingspb.SettingState_SETTING_STATE_VALUE
	atDomain     = settingspb.ScopeLevel_SCOPE_LEVEL_DOMAIN
	atProject    = settingspb.ScopeLevel_SCOPE_LEVEL_PROJECT
)

func settingsKey(org, domain, project string) *settingspb.SettingsKey {
	return &settingspb.SettingsKey{Org: org, Domain: domain, Project: project}
}

func setText(v string) *settingspb.StringSetting {
	return &settingspb.StringSetting{State: settingValue, StringValue: v}
}

func queueSettings(queue string) *settingspb.Settings {
	return &settingspb.Settings{Run: &settingspb.RunSettings{DefaultQueue: setText(queue)}}
}

func settingsClient(t *testing.T, cfg Config) settingspb.SettingsServiceClient {
	t.Helper()
	_, conn := dial(t, cfg)
	return settingspb.NewSettingsServiceClient(conn)
}

// store creates settings or fails the test.
func store(t *testing.T, c settingspb.SettingsServiceClient, key *settingspb.SettingsKey, s *settingspb.Settings) {
	t.Helper()
	must(c.CreateSettings(t.Context(), &settingspb.CreateSettingsRequest{Key: key, Settings: s}))(t)
}

func levels(t *testing.T, c settingspb.SettingsServiceClient, key *settingspb.SettingsKey) []*settingspb.SettingsRecord {
	t.Helper()
	return must(c.GetSettingsForEdit(t.Context(), &settingspb.GetSettingsForEditRequest{Key: key}))(t).GetLevels()
}

func TestItem72AKeyOfSettingsIsAScope(t *testing.T) {
	t.Parallel()
	c := settingsClient(t, Config{})
	for key, want := range map[*settingspb.SettingsKey]codes.Code{
		nil: codes.InvalidArgument, settingsKey("o", "", "p"): codes.InvalidArgument,
		settingsKey("", "", ""): codes.OK, settingsKey("o", "moon", "ghost"): codes.OK,
	} {
		_, err := c.GetSettingsForEdit(t.Context(), &settingspb.GetSettingsForEditRequest{Key: key})
		wantCode(t, err, want)
		_, err = c.GetSettings(t.Context(), &settingspb.GetSettingsRequest{Key: key})
		wantCode(t, err, want)
	}

	// The organization is part of the key; an empty one is flyte, and is echoed as it was sent.
	store(t, c, settingsKey("", "", ""), queueSettings("q"))
	if got := levels(t, c, settingsKey("flyte", "", ""))[0]; got.GetVersion() != 1 || got.GetKey().GetOrg() != "flyte" {
		t.Errorf("flyte has %v, want the settings of the empty organization", got)
	}
	if got := levels(t, c, settingsKey("", "", ""))[0]; got.GetKey().GetOrg() != "" {
		t.Errorf("the empty organization is echoed as %q", got.GetKey().GetOrg())
	}
	if got := levels(t, c, settingsKey("acme", "", ""))[0]; got.GetVersion() != 0 {
		t.Errorf("another organization has %v", got)
	}

	// Only a strict backend keeps keys apart whose parts join to the same text.
	for strict, met := range map[bool]uint64{false: 1, true: 0} {
		c := settingsClient(t, Config{Strict: strict})
		store(t, c, settingsKey("a:b", "c", ""), queueSettings("q"))
		if got := levels(t, c, settingsKey("a", "b:c", ""))[1].GetVersion(); got != met {
			t.Errorf("strict %v: a and b:c have version %d, want %d", strict, got, met)
		}
	}
}

func TestItem73SettingsForEditAreAsStoredAtEachLevel(t *testing.T) {
	t.Parallel()
	c := settingsClient(t, Config{})
	stored := queueSettings("fast")
	stored.Run.DefaultQueue.ScopeLevel = atProject // whatever it says
	store(t, c, settingsKey("o", "d", ""), stored)

	key := settingsKey("o", "d", "p")
	got := must(c.GetSettingsForEdit(t.Context(), &settingspb.GetSettingsForEditRequest{Key: key}))(t)
	wantProto(t, got.GetRequestedKey(), key)
	if len(got.GetLevels()) != 3 {
		t.Fatalf("%d levels, want 3", len(got.GetLevels()))
	}
	for i, want := range []*settingspb.SettingsRecord{
		{Key: settingsKey("o", "", ""), Settings: &settingspb.Settings{}},
		{Key: settingsKey("o", "d", ""), Settings: stored, Version: 1},
		{Key: key, Settings: &settingspb.Settings{}},
	} {
		wantProto(t, got.GetLevels()[i], want)
	}
	for n, key := range map[int]*settingspb.SettingsKey{1: settingsKey("o", "", ""), 2: settingsKey("o", "d", "")} {
		if have := len(levels(t, c, key)); have != n {
			t.Errorf("%v has %d levels, want %d", key, have, n)
		}
	}
}

func TestItem74SettingsAreCreatedOnceAndReplacedByVersion(t *testing.T) {
	t.Parallel()
	c := settingsClient(t, Config{})
	key := settingsKey("o", "d", "p")
	create := func(key *settingspb.SettingsKey, s *settingspb.Settings) (*settingspb.CreateSettingsResponse, error) {
		return c.CreateSettings(t.Context(), &settingspb.CreateSettingsRequest{Key: key, Settings: s})
	}
	update := func(key *settingspb.SettingsKey, s *settingspb.Settings, version uint64) (*settingspb.UpdateSettingsResponse, error) {
		return c.UpdateSettings(t.Context(), &settingspb.UpdateSettingsRequest{Key: key, Settings: s, Version: version})
	}
	for _, bad := range []struct {
		key *settingspb.SettingsKey
		s   *settingspb.Settings
	}{{nil, queueSettings("q")}, {key, nil}} {
		_, err := create(bad.key, bad.s)
		wantCode(t, err, codes.InvalidArgument)
		_, err = update(bad.key, bad.s, 1)
		wantCode(t, err, codes.InvalidArgument)
	}
	_, err := update(key, queueSettings("q"), 1)
	wantCode(t, err, codes.NotFound)

	first := must(create(key, queueSettings("q")))(t).GetSettingsRecord()
	wantProto(t, first, &settingspb.SettingsRecord{Key: key, Settings: queueSettings("q"), Version: 1})
	_, err = create(key, queueSettings("q"))
	wantCode(t, err, codes.AlreadyExists)
	_, err = update(key, queueSettings("q"), 0)
	wantCode(t, err, codes.InvalidArgument)
	_, err = update(key, queueSettings("q"), 2)
	wantCode(t, err, codes.FailedPrecondition)

	app := &settingspb.Settings{App: &settingspb.AppSettings{DisallowAnonymous: &settingspb.BoolSetting{State: settingValue, BoolValue: true}}}
	if got := must(update(key, app, 1))(t).GetSettingsRecord().GetVersion(); got != 2 {
		t.Errorf("version %d, want 2", got)
	}
	wantProto(t, levels(t, c, key)[2].GetSettings(), app) // the queue is gone: it is replaced, not merged
	must(update(key, &settingspb.Settings{}, 2))(t)
	wantProto(t, levels(t, c, key)[2], &settingspb.SettingsRecord{Key: key, Settings: &settingspb.Settings{}, Version: 3})
}

func TestItem75ValuesAreCheckedAndEmptyMessagesDropped(t *testing.T) {
	t.Parallel()
	c := settingsClient(t, Config{})
	cpu := func(state settingspb.SettingState, q string) *settingspb.Settings {
		return &settingspb.Settings{TaskResource: &settingspb.TaskResourceSettings{Max: &settingspb.TaskResourceDefaults{
			Cpu: &settingspb.QuantitySetting{State: state, QuantityValue: q},
		}}}
	}
	limit := func(n int64) *settingspb.Settings {
		return &settingspb.Settings{Run: &settingspb.RunSettings{MaxActionConcurrency: &settingspb.Int64Setting{State: settingValue, IntValue: n}}}
	}
	for i, tc := range []struct {
		settings *settingspb.Settings
		want     codes.Code
	}{
		{cpu(settingValue, "500m"), codes.OK}, {cpu(settingValue, "2Gi"), codes.OK}, {cpu(settingValue, "1e3"), codes.OK},
		{cpu(settingValue, "much"), codes.InvalidArgument}, {cpu(settingValue, ""), codes.InvalidArgument}, {cpu(settingUnset, "much"), codes.OK},
		{limit(0), codes.OK}, {limit(1), codes.InvalidArgument}, {limit(2), codes.OK}, {limit(-3), codes.InvalidArgument},
		{limit(1 << 32), codes.InvalidArgument}, {limit(1<<32 - 1), codes.OK},
	} {
		key := settingsKey("o", string(rune('a'+i)), "")
		_, err := c.CreateSettings(t.Context(), &settingspb.CreateSettingsRequest{Key: key, Settings: tc.settings})
		wantCode(t, err, tc.want)
	}
	store(t, c, settingsKey("o", "empty", ""), &settingspb.Settings{
		Run: &settingspb.RunSettings{DefaultQueue: &settingspb.StringSetting{}}, Storage: &settingspb.StorageSettings{}, PodTemplateName: setText("p"),
	})
	wantProto(t, levels(t, c, settingsKey("o", "empty", ""))[1].GetSettings(), &settingspb.Settings{PodTemplateName: setText("p")})
}

func TestItem76SettingsOfAScopeAreResolved(t *testing.T) {
	t.Parallel()
	c := settingsClient(t, Config{})
	labels := func(state settingspb.SettingState, pairs ...string) *settingspb.StringMapSetting {
		entries := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			entries[pairs[i]] = pairs[i+1]
		}
		return &settingspb.StringMapSetting{State: state, MapValue: &settingspb.StringMap{Entries: entries}}
	}
	org := queueSettings("org")
	org.Labels, org.Annotations = labels(settingValue, "a", "org", "b", "org"), labels(settingValue, "x", "org")
	org.Security = &settingspb.SecuritySettings{ServiceAccount: setText("sa")}
	store(t, c, settingsKey("o", "", ""), org)
	domain := queueSettings("domain")
	domain.Labels, domain.Annotations = labels(settingValue, "b", "domain"), labels(settingUnset)
	domain.Storage = &settingspb.StorageSettings{}
	store(t, c, settingsKey("o", "d", ""), domain)
	project := &settingspb.Settings{
		Run:    &settingspb.RunSettings{DefaultQueue: &settingspb.StringSetting{State: settingUnset}},
		Labels: labels(settingValue, "c", "project"),
	}
	store(t, c, settingsKey("o", "d", "p"), project)

	key := settingsKey("o", "d", "p")
	got := must(c.GetSettings(t.Context(), &settingspb.GetSettingsRequest{Key: key}))(t).GetSettingsRecord()
	want := &settingspb.Settings{
		Run:         &settingspb.RunSettings{DefaultQueue: &settingspb.StringSetting{State: settingUnset, ScopeLevel: atProject}},
		Security:    &settingspb.SecuritySettings{ServiceAccount: setText("sa")},
		Labels:      labels(settingValue, "a", "org", "b", "domain", "c", "project"),
		Annotations: &settingspb.StringMapSetting{State: settingUnset, ScopeLevel: atDomain},
	}
	want.Labels.ScopeLevel = atProject
	wantProto(t, got, &settingspb.SettingsRecord{Key: key, Settings: want})

	wide := must(c.GetSettings(t.Context(), &settingspb.GetSettingsRequest{Key: settingsKey("o", "e", "")}))(t).GetSettingsRecord()
	wantProto(t, wide.GetSettings(), org) // on the wire the level of an organization does not show
	none := must(c.GetSettings(t.Context(), &settingspb.GetSettingsRequest{Key: settingsKey("other", "", "")}))(t).GetSettingsRecord()
	wantProto(t, none.GetSettings(), &settingspb.Settings{})
}

func TestItem77RunsTakeSettingsWhereTheRequestIsEmpty(t *testing.T) {
	t.Parallel()
	for _, takes := range []bool{false, true} {
		inWorld(t, Config{RunSettings: takes}, func(t *testing.T, w *world) {
			c := settingspb.NewSettingsServiceClient(w.conn)
			s := queueSettings("settings")
			s.Run.MaxActionConcurrency = &settingspb.Int64Setting{State: settingValue, IntValue: 7}
			s.Run.RunBaseDir = setText("s3://base")
			s.Storage = &settingspb.StorageSettings{RawDataPath: setText("s3://raw")}
			store(t, c, settingsKey("", "development", ""), s)

			specOf := func(run string, given *taskpb.RunSpec) *taskpb.RunSpec {
				req := createRun(run)
				req.RunSpec = given
				must(w.runs.CreateRun(t.Context(), req))(t)
				got := must(w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID(run)}))(t)
				return got.GetDetails().GetRunSpec()
			}
			got := specOf("r1", nil)
			if filled := got.GetQueue() == "settings" && got.GetMaxActionConcurrency() == 7 && got.GetRunBaseDir() == "s3://base" &&
				got.GetRawDataStorage().GetRawDataPrefix() == "s3://raw"; filled != takes {
				t.Errorf("with the option %v the run has %v", takes, got)
			}
			given := &taskpb.RunSpec{Queue: "own", MaxActionConcurrency: 2, RunBaseDir: "s3://own", RawDataStorage: &taskpb.RawDataStorage{RawDataPrefix: "s3://o"}}
			if got := specOf("r2", proto.CloneOf(given)); !proto.Equal(got, given) {
				t.Errorf("the request's own %v became %v", given, got)
			}
		})
	}
}
