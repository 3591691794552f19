package clientset

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/internal/advice"
	"github.com/jetway-go/jetway/internal/fault"
)

// withAnswerAdvice is for answers that did not come from the code of an RPC: those of web
// servers and proxies, of limits, and of a backend that does not serve the RPC.
func (c *ClientSet) withAnswerAdvice(of operation, err error) error {
	if what := c.answerAdvice(of, err); what != "" {
		return &advisedError{error: err, advice: what}
	}
	return err
}

func (c *ClientSet) answerAdvice(of operation, err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "a web page answered"): // of a login, which has its advice
		return ""
	case fault.IsPage(text):
		return c.words().WebPage()
	case isHTTPAnswer(text, "407"):
		return advice.FrontProxyLogin()
	case isHTTPAnswer(text, "464", "426", "505", "415"),
		strings.Contains(text, "server closed the stream without sending trailers"):
		return advice.HTTP1Behind()
	case isHTTPAnswer(text, "431"), strings.Contains(text, "header list size to send violates the maximum size"):
		return "the headers of the call, most of them the token, are larger than the server takes: ask for a token with fewer scopes, " +
			"groups or claims, or have the limit raised"
	case strings.Contains(text, "peer header list size exceeded limit"):
		return "the headers of the answer are larger than this client takes: grpc.WithMaxHeaderListSize in WithDialOptions raises the limit"
	case status.Code(err) == codes.Unimplemented && of.method != "":
		return unservedAdvice(of.method)
	default:
		return ""
	}
}

// isHTTPAnswer reports whether text is that of the status which gRPC's transport makes of
// one of these HTTP statuses.
func isHTTPAnswer(text string, codes ...string) bool {
	_, rest, found := strings.Cut(text, "unexpected HTTP status code received from server: ")
	for _, code := range codes {
		if found && strings.HasPrefix(rest, code+" ") {
			return true
		}
	}
	return false
}

// unservedAdvice is for RPCs that the backend does not serve. Services that have no method
// of ClientSet are named by text, so that their stubs are not linked.
func unservedAdvice(method string) string {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	switch service {
	case workflowpb.RunLogsService_ServiceDesc.ServiceName:
		return "current backends do not serve this service: DataProxy.TailLogs tails the logs of an action"
	case servicepb.AdminService_ServiceDesc.ServiceName:
		return "a backend of the second generation does not serve this service: Project is its counterpart"
	case "flyteidl2.app.AppService", "flyteidl2.app.AppLogsService":
		return "an open-source backend serves apps, and most of these calls, only if its internalApps.enabled is set"
	case "flyteidl2.artifact.ArtifactService", "flyteidl2.imagebuilder.ImageService", "flyteidl2.workflow.TrackedRunService":
		return "hosted backends of Flyte 2 serve this service, open-source ones do not"
	default:
		return "the backend does not serve " + method + ": compare its version, or have the proxy in front of it pass " + service + " on"
	}
}
