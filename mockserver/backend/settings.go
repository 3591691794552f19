package backend

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
)

// settingsServer is SettingsService. GetSettings is later than the other three in real
// backends.
type settingsServer struct {
	settingspb.UnimplementedSettingsServiceServer

	b *Backend
}

func (s settingsServer) CreateSettings(
	_ context.Context, req *settingspb.CreateSettingsRequest,
) (*settingspb.CreateSettingsResponse, error) {
	levels, stored, err := s.read(req.GetKey(), req.GetSettings())
	if err != nil {
		return nil, err
	}
	own := levels[len(levels)-1]
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if _, taken := s.b.settings.rows[own.place]; taken {
		return nil, status.Errorf(codes.AlreadyExists, "settings of %s exist already: update them", own)
	}
	s.b.settings.set(own.place, settingsRow{stored, 1})
	return &settingspb.CreateSettingsResponse{SettingsRecord: &settingspb.SettingsRecord{
		Key: req.GetKey(), Settings: req.GetSettings(), Version: 1,
	}}, nil
}

func (s settingsServer) UpdateSettings(
	_ context.Context, req *settingspb.UpdateSettingsRequest,
) (*settingspb.UpdateSettingsResponse, error) {
	levels, stored, err := s.read(req.GetKey(), req.GetSettings())
	if err != nil {
		return nil, err
	}
	if req.GetVersion() == 0 {
		return nil, status.Error(codes.InvalidArgument, "version is required: read the settings first")
	}
	own := levels[len(levels)-1]
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	row, ok := s.b.settings.rows[own.place]
	switch {
	case !ok:
		return nil, status.Errorf(codes.NotFound, "there are no settings of %s: create them", own)
	case row.version != req.GetVersion():
		return nil, status.Errorf(codes.FailedPrecondition, "settings of %s have version %d, not %d: read them again",
			own, row.version, req.GetVersion())
	}
	s.b.settings.set(own.place, settingsRow{stored, row.version + 1})
	return &settingspb.UpdateSettingsResponse{SettingsRecord: &settingspb.SettingsRecord{
		Key: req.GetKey(), Settings: req.GetSettings(), Version: row.version + 1,
	}}, nil
}

// GetSettingsForEdit returns what is stored at each scope of the key, the widest first.
func (s settingsServer) GetSettingsForEdit(
	_ context.Context, req *settingspb.GetSettingsForEditRequest,
) (*settingspb.GetSettingsForEditResponse, error) {
	levels, err := s.b.settingsLevels(req.GetKey())
	if err != nil {
		return nil, err
	}
	out := &settingspb.GetSettingsForEditResponse{RequestedKey: req.GetKey()}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	for _, level := range levels {
		row, ok := s.b.settings.rows[level.place]
		if !ok {
			row.settings = &settingspb.Settings{}
		}
		out.Levels = append(out.Levels, &settingspb.SettingsRecord{
			Key: level.key, Settings: proto.CloneOf(row.settings), Version: row.version,
		})
	}
	return out, nil
}

// GetSettings returns the settings that hold in a scope, without a version.
func (s settingsServer) GetSettings(_ context.Context, req *settingspb.GetSettingsRequest) (*settingspb.GetSettingsResponse, error) {
	levels, err := s.b.settingsLevels(req.GetKey())
	if err != nil {
		return nil, err
	}
	return &settingspb.GetSettingsResponse{SettingsRecord: &settingspb.SettingsRecord{
		Key: req.GetKey(), Settings: s.b.resolveSettings(levels),
	}}, nil
}

// read reads what a change has in common with another: its scopes and the settings to store.
func (s settingsServer) read(key *settingspb.SettingsKey, given *settingspb.Settings) ([]settingsLevel, *settingspb.Settings, error) {
	levels, err := s.b.settingsLevels(key)
	switch {
	case err != nil:
		return nil, nil, err
	case given == nil:
		return nil, nil, status.Error(codes.InvalidArgument, "settings is required")
	}
	if err := checkSettings(given); err != nil {
		return nil, nil, status.Error(codes.InvalidArgument, err.Error())
	}
	stored := proto.CloneOf(given)
	dropEmpty(stored.ProtoReflect())
	return levels, stored, nil
}
