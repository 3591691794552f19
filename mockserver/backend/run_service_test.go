package backend

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestEmptyRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.start(t, "r1")
		time.Sleep(time.Second)
		for _, desc := range []grpc.ServiceDesc{
			workflowpb.RunService_ServiceDesc, workflowpb.RunLogsService_ServiceDesc, dataproxypb.DataProxyService_ServiceDesc,
		} {
			var errs []error
			for _, m := range desc.Methods {
				errs = append(errs, w.conn.Invoke(t.Context(), "/"+desc.ServiceName+"/"+m.MethodName, &emptypb.Empty{}, &emptypb.Empty{}))
			}
			for _, s := range desc.Streams {
				errs = append(errs, w.emptyStream(t, "/"+desc.ServiceName+"/"+s.StreamName))
			}
			for _, err := range errs {
				switch status.Code(err) {
				case codes.OK, codes.InvalidArgument, codes.NotFound, codes.DeadlineExceeded:
				case codes.Unimplemented: // RunService.GetActionData
				default:
					t.Errorf("%s: %v", desc.ServiceName, err)
				}
			}
		}
	})
}

func (w *world) emptyStream(t *testing.T, method string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stream := must(w.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method))(t)
	if err := errors.Join(stream.SendMsg(&emptypb.Empty{}), stream.CloseSend()); err != nil {
		return err
	}
	for {
		err := stream.RecvMsg(&emptypb.Empty{})
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
