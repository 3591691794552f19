package backend

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
)

// downloadLifetime is the default lifetime of a download link; there is no longest one.
const downloadLifetime = time.Hour

// CreateDownloadLink returns a signed URL of an attempt's report. It serves reports only,
// as the real backend.
func (s *dataProxyServer) CreateDownloadLink(
	_ context.Context, req *dataproxypb.CreateDownloadLinkRequest,
) (*dataproxypb.CreateDownloadLinkResponse, error) {
	if t := req.GetArtifactType(); t != dataproxypb.ArtifactType_ARTIFACT_TYPE_REPORT {
		return nil, status.Errorf(codes.InvalidArgument, "unsupported artifact_type %v: want ARTIFACT_TYPE_REPORT", t)
	}
	id := req.GetActionAttemptId()
	if id == nil {
		return nil, status.Error(codes.InvalidArgument, "unsupported source: want action_attempt_id")
	}
	lifetime := downloadLifetime
	if d := req.GetExpiresIn(); d != nil {
		lifetime = d.AsDuration()
		if lifetime <= 0 {
			return nil, status.Errorf(codes.InvalidArgument, "expires_in is %v: want more than 0", lifetime)
		}
	}
	r := s.b.runs
	uri, err := r.reportURI(id)
	if err != nil {
		return nil, err
	}
	key, _ := r.blobs.store.Key(uri)
	expires := s.b.cfg.Now().Add(lifetime)
	signed, err := r.blobs.store.SignGet(key, lifetime)
	if err != nil {
		return nil, status.Errorf(codes.Unavailable, "cannot sign a link: %v", err)
	}
	return &dataproxypb.CreateDownloadLinkResponse{PreSignedUrls: &dataproxypb.PreSignedURLs{
		SignedUrl: []string{signed}, ExpiresAt: timestamppb.New(expires),
	}}, nil
}

func (r *runs) reportURI(id *commonpb.ActionAttemptIdentifier) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.find(id.GetActionId())
	if a == nil {
		return "", errActionNotFound(id.GetActionId())
	}
	_, at := a.attempt(id.GetAttempt())
	if at == nil {
		return "", status.Errorf(codes.NotFound, "attempt %d not found: the action has had %d", id.GetAttempt(), len(a.attempts))
	}
	uri := at.GetOutputs().GetReportUri()
	if uri == "" {
		return "", status.Errorf(codes.NotFound, "attempt %d left no report", id.GetAttempt())
	}
	return uri, nil
}
