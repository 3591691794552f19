package httprule_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/jetway-go/jetway/interceptors/httprule"
	"github.com/jetway-go/jetway/internal/kfppb"
)

// runs is a service that both carriers lead to.
type runs struct {
	kfppb.UnimplementedRunServiceServer
}

func (runs) ListRuns(_ context.Context, r *kfppb.ListRunsRequest) (*kfppb.ListRunsResponse, error) {
	if r.GetNamespace() == "" {
		st, err := status.New(codes.AlreadyExists, "grüße\nfrom RBAC").WithDetails(&errdetails.ErrorInfo{Reason: "NONE"})
		if err != nil {
			return nil, err
		}
		return nil, st.Err()
	}
	return &kfppb.ListRunsResponse{
		Runs:      []*kfppb.Run{{RunId: r.GetNamespace() + "/" + r.GetFilter(), DisplayName: r.GetPageToken()}},
		TotalSize: r.GetPageSize(),
	}, nil
}

// gateway is what grpc-gateway makes of the service.
func gateway(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	size, _ := strconv.ParseInt(q.Get("page_size"), 10, 32)
	got, err := runs{}.ListRuns(r.Context(), &kfppb.ListRunsRequest{
		Namespace: q.Get("namespace"), Filter: q.Get("filter"), PageToken: q.Get("page_token"), PageSize: int32(size),
	})
	var answer proto.Message = got
	if err != nil {
		answer = status.Convert(err).Proto()
		w.WriteHeader(http.StatusConflict)
	}
	raw, _ := protojson.MarshalOptions{UseProtoNames: true}.Marshal(answer)
	_, _ = w.Write(raw)
}

func TestAStubGetsTheSameOverHTTPAsOverGRPC(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(gateway))
	defer srv.Close()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	backend := grpc.NewServer()
	kfppb.RegisterRunServiceServer(backend, runs{})
	go func() { _ = backend.Serve(listener) }()
	defer backend.Stop()
	direct, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	routed := httprule.New(srv.Client(), srv.URL, httprule.WithRule(kfppb.RunService_ListRuns_FullMethodName,
		&annotations.HttpRule{Pattern: &annotations.HttpRule_Get{Get: "/apis/v2beta1/runs"}}))

	for _, r := range []*kfppb.ListRunsRequest{
		{Namespace: "team a", Filter: `{"predicates":[]}`, PageToken: "=+/&", PageSize: 7}, {Namespace: "ü"}, {},
	} {
		want, wantErr := kfppb.NewRunServiceClient(direct).ListRuns(t.Context(), r)
		got, gotErr := kfppb.NewRunServiceClient(routed).ListRuns(t.Context(), r)
		if !proto.Equal(got, want) {
			t.Errorf("%v: %v over HTTP, %v over gRPC", r, got, want)
		}
		if !proto.Equal(status.Convert(gotErr).Proto(), status.Convert(wantErr).Proto()) {
			t.Errorf("%v: %v over HTTP, %v over gRPC", r, gotErr, wantErr)
		}
	}
}
