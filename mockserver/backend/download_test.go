package backend

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

func reportOf(run, action string, attempt uint32) *dataproxypb.CreateDownloadLinkRequest {
	return &dataproxypb.CreateDownloadLinkRequest{
		ArtifactType: dataproxypb.ArtifactType_ARTIFACT_TYPE_REPORT,
		Source: &dataproxypb.CreateDownloadLinkRequest_ActionAttemptId{
			ActionAttemptId: &commonpb.ActionAttemptIdentifier{ActionId: actionID(run, action), Attempt: attempt},
		},
	}
}

func TestCreateDownloadLinkSignsReports(t *testing.T) {
	t.Parallel()
	store := objectstore.New(objectstore.Config{BaseURL: "http://objects.test"})
	inWorld(t, Config{Objects: store}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{NewAttempt: true, Phase: running},
			{Phase: succeeded, Report: []byte("<h1>all well</h1>")},
		}})
		w.start(t, "r1")
		time.Sleep(time.Second)

		resp := must(w.data.CreateDownloadLink(t.Context(), reportOf("r1", "a0", 2)))(t).GetPreSignedUrls()
		if got := resp.GetExpiresAt().AsTime(); len(resp.GetSignedUrl()) != 1 || !got.Equal(time.Now().Add(time.Hour)) {
			t.Fatalf("links are %v, want one for an hour", resp)
		}
		rec := httptest.NewRecorder()
		store.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, resp.GetSignedUrl()[0], nil))
		if rec.Code != http.StatusOK || rec.Body.String() != "<h1>all well</h1>" {
			t.Errorf("the link leads to %d %q", rec.Code, rec.Body)
		}

		for name, c := range map[string]struct {
			change func(*dataproxypb.CreateDownloadLinkRequest)
			want   codes.Code
		}{
			"attempt without report": {func(r *dataproxypb.CreateDownloadLinkRequest) { r.GetActionAttemptId().Attempt = 1 }, codes.NotFound},
			"no such attempt":        {func(r *dataproxypb.CreateDownloadLinkRequest) { r.GetActionAttemptId().Attempt = 3 }, codes.NotFound},
			"attempt 0":              {func(r *dataproxypb.CreateDownloadLinkRequest) { r.GetActionAttemptId().Attempt = 0 }, codes.NotFound},
			"no such action":         {func(r *dataproxypb.CreateDownloadLinkRequest) { r.GetActionAttemptId().ActionId.Name = "a9" }, codes.NotFound},
			"no action":              {func(r *dataproxypb.CreateDownloadLinkRequest) { r.GetActionAttemptId().ActionId = nil }, codes.NotFound},
			"other artifact": {func(r *dataproxypb.CreateDownloadLinkRequest) {
				r.ArtifactType = dataproxypb.ArtifactType_ARTIFACT_TYPE_CODE_BUNDLE
			}, codes.InvalidArgument},
			"no artifact": {func(r *dataproxypb.CreateDownloadLinkRequest) { r.ArtifactType = 0 }, codes.InvalidArgument},
			"no source":   {func(r *dataproxypb.CreateDownloadLinkRequest) { r.Source = nil }, codes.InvalidArgument},
			"other source": {func(r *dataproxypb.CreateDownloadLinkRequest) {
				r.Source = &dataproxypb.CreateDownloadLinkRequest_TaskId{TaskId: p1Task("env.train")}
			}, codes.InvalidArgument},
			"two hours": {func(r *dataproxypb.CreateDownloadLinkRequest) { r.ExpiresIn = durationpb.New(2 * time.Hour) }, codes.OK},
			"past":      {func(r *dataproxypb.CreateDownloadLinkRequest) { r.ExpiresIn = durationpb.New(-time.Second) }, codes.InvalidArgument},
		} {
			req := reportOf("r1", "a0", 2)
			c.change(req)
			_, err := w.data.CreateDownloadLink(t.Context(), req)
			t.Log(name)
			wantCode(t, err, c.want)
		}
	})
}

func TestCreateDownloadLinkWithoutAStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.start(t, "r1")
		time.Sleep(time.Second)
		_, err := w.data.CreateDownloadLink(t.Context(), reportOf("r1", "a0", 1))
		wantCode(t, err, codes.Unavailable)
	})
}
