package gateway_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/integration/gateway/kfpserver"
	"github.com/jetway-go/jetway/interceptors/httprule"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/internal/kfptest"
)

func newKFP() *kfptest.Server {
	return &kfptest.Server{
		MultiUser: true,
		Runs: map[string][]*kfppb.Run{
			"team": {{RunId: "r1", DisplayName: "first", ExperimentId: "e1", State: kfppb.RuntimeState_SUCCEEDED, CreatedAt: &timestamppb.Timestamp{Seconds: 1, Nanos: 5000}}},
			"bobs": {{RunId: "b1"}},
		},
		Experiments: map[string][]*kfppb.Experiment{"team": {{ExperimentId: "e1", DisplayName: "tries"}}},
		Members:     map[string][]string{"team": {"ann"}, "bobs": {"bob"}},
		Review: func(token string) (string, error) {
			if token == "good" {
				return "ann", nil
			}
			return "", errors.New("service account token has expired")
		},
	}
}

// kfp starts s, and the real gateway in front of it.
func kfp(t *testing.T, s *kfptest.Server) (cc *grpc.ClientConn, gateway string) {
	t.Helper()
	cc, handler := kfpserver.Start(t, s)
	front := httptest.NewServer(handler)
	t.Cleanup(front.Close)
	return cc, front.URL
}

// The fake's HTTP face answers as the real gateway does, since other tests rely on it.
func TestKubeflowsFakeGatewayIsLikeTheRealOne(t *testing.T) {
	t.Parallel()
	_, actual := kfp(t, newKFP())
	face := httptest.NewServer(newKFP().Handler())
	defer face.Close()
	const ann = "Kubeflow-Userid: ann"
	for _, tt := range []struct{ request, body, header string }{
		{"GET /apis/v2beta1/runs?namespace=team", "", ann},
		{"GET /apis/v2beta1/runs?namespace=team", "", "Authorization: Bearer good"},
		{"GET /apis/v2beta1/runs?namespace=team", "", "Authorization: Bearer bad"},
		{"GET /apis/v2beta1/runs?namespace=team", "", "Authorization: bearer good"},
		{"GET /apis/v2beta1/runs?namespace=team", "", ""},
		{"GET /apis/v2beta1/runs?namespace=bobs", "", ann},
		{"GET /apis/v2beta1/runs?namespace=team&page_size=5&pageToken=x&unknown=1", "", ann},
		{"GET /apis/v2beta1/runs?page_size=x", "", ann},
		{"GET /apis/v2beta1/runs?namespace=a&namespace=b", "", ann},
		{"GET /apis/v2beta1/runs/r1", "", ann},
		{"GET /apis/v2beta1/runs/none", "", ann},
		{"GET /apis/v2beta1/runs/b1", "", ann},
		{"GET /apis/v2beta1/runs/", "", ann},
		{"GET /apis/v2beta1/runs/a%2Fb", "", ann},
		{"GET /apis/v2beta1/runs/r%31", "", ann},
		{"PUT /apis/v2beta1/runs", "", ann},
		{"GET /apis/v2beta1/nothing", "", ann},
		{"GET /else", "", ann},
		{"POST /apis/v2beta1/runs", `{"display_name":"n","experiment_id":"e1","pipeline_version_reference":{"pipeline_id":"p"},"runtime_config":{"parameters":{"a":1}}}`, ann},
		{"POST /apis/v2beta1/runs?experiment_id=e1", `{"displayName":"n","pipelineSpec":{"k_K":[1,null]}}`, ann},
		{"POST /apis/v2beta1/runs", `{"display_name":"n"}`, ann},
		{"POST /apis/v2beta1/runs", `{"display_name":"n","experiment_id":"none","pipeline_spec":{}}`, ann},
		{"POST /apis/v2beta1/runs", `{"unknown":1}`, ann},
		{"POST /apis/v2beta1/runs", `{"state":"NONE"}`, ann},
		{"POST /apis/v2beta1/runs", `{`, ann},
		{"POST /apis/v2beta1/runs", ``, ann},
		{"GET /apis/v2beta1/runs/run-1", "", ann},
		{"GET /apis/v2beta1/runs/run-1", "", ann},
		{"POST /apis/v2beta1/runs/run-2:terminate", "", ann},
		{"POST /apis/v2beta1/runs/none:terminate", "", ann},
		{"GET /apis/v2beta1/experiments?namespace=team", "", ann},
		{"GET /apis/v2beta1/pipelines?namespace=team", "", ann},
		{"GET /apis/v2beta1/pipelines/names/x?namespace=team", "", ann},
	} {
		want, got := ask(t, actual, tt.request, tt.body, tt.header), ask(t, face.URL, tt.request, tt.body, tt.header)
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s %s with %q:\nthe real one %v\nthe fake     %v", tt.request, tt.body, tt.header, want, got)
		}
	}
}

// said is what counts of an answer.
type said struct {
	Status          int
	Type, Challenge string
	Body            any
}

func ask(t *testing.T, base, request, body, header string) said {
	t.Helper()
	verb, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), verb, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if name, value, ok := strings.Cut(header, ": "); ok {
		r.Header.Set(name, value)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	s := said{answer.StatusCode, answer.Header.Get("Content-Type"), answer.Header.Get("WWW-Authenticate"), nil}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&s.Body); err != nil {
		t.Fatalf("%s: %q", request, raw)
	}
	if fields, ok := s.Body.(map[string]any); ok {
		for _, name := range []string{"created_at", "finished_at"} { // of a new run
			if _, ok := fields[name]; ok {
				fields[name] = "now"
			}
		}
		if s.Status == http.StatusBadRequest { // whose words have random spaces in them
			fields["message"] = strings.Join(strings.Fields(strings.ReplaceAll(fields["message"].(string), "\u00a0", " ")), " ")
		}
	}
	return s
}

func TestKubeflowsStubsWorkAlikeOverHTTP(t *testing.T) {
	t.Parallel()
	direct, gateway := kfp(t, newKFP())
	ctx := metadata.AppendToOutgoingContext(t.Context(), "kubeflow-userid", "ann", "authorization", "Bearer good")
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	routed := httprule.New(hc, gateway, httprule.WithHeaderName(func(key string) string { return key }))
	for _, cc := range []grpc.ClientConnInterface{direct, routed} {
		stub := kfppb.NewRunServiceClient(cc)
		spec, err := structpb.NewStruct(map[string]any{"root": map[string]any{"dag": nil}, "sdk_Version": "kfp-2.17", "list": []any{1.5, "x"}})
		if err != nil {
			t.Fatal(err)
		}
		asked := &kfppb.Run{
			DisplayName: "nightly", ExperimentId: "e1", PipelineSource: &kfppb.Run_PipelineSpec{PipelineSpec: spec},
			RuntimeConfig: &kfppb.RuntimeConfig{Parameters: map[string]*structpb.Value{"n": structpb.NewNumberValue(3)}},
		}
		made, err := stub.CreateRun(ctx, &kfppb.CreateRunRequest{Run: asked})
		if err != nil {
			t.Fatal(err)
		}
		want := proto.CloneOf(asked)
		want.RunId, want.State, want.StorageState, want.CreatedAt = made.GetRunId(), kfppb.RuntimeState_PENDING, kfppb.Run_AVAILABLE, made.GetCreatedAt()
		if !proto.Equal(made, want) {
			t.Errorf("%v, want %v", made, want)
		}
		if got, err := stub.GetRun(ctx, &kfppb.GetRunRequest{RunId: made.GetRunId()}); err != nil || got.GetState() != kfppb.RuntimeState_RUNNING {
			t.Errorf("%v, %v", got, err)
		}
		if _, err := stub.TerminateRun(ctx, &kfppb.TerminateRunRequest{RunId: made.GetRunId()}); err != nil {
			t.Error(err)
		}
		if found, err := stub.ListRuns(ctx, &kfppb.ListRunsRequest{Namespace: "team", PageToken: "=+/&", PageSize: 7}); err != nil || found.GetRuns()[0].GetCreatedAt().GetNanos() != 5000 {
			t.Errorf("%v, %v", found, err)
		}
		_, err = stub.ListRuns(ctx, &kfppb.ListRunsRequest{Namespace: "bobs"})
		if st := status.Convert(err); st.Code() != codes.PermissionDenied || len(st.Details()) != 1 {
			t.Errorf("%v with %v", err, st.Details())
		}
	}
}
