package routing

import (
	"cmp"
	"context"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
)

// Routes reports whether a cluster may serve a method.
func Routes(method string) bool {
	switch method {
	case apppb.AppLogsService_TailLogs_FullMethodName,
		dataproxypb.DataProxyService_CreateUploadLocation_FullMethodName,
		dataproxypb.DataProxyService_UploadInputs_FullMethodName,
		dataproxypb.DataProxyService_GetActionData_FullMethodName,
		dataproxypb.DataProxyService_CreateDownloadLink_FullMethodName,
		dataproxypb.DataProxyService_TailLogs_FullMethodName,
		secretpb.SecretService_CreateSecret_FullMethodName,
		secretpb.SecretService_UpdateSecret_FullMethodName,
		secretpb.SecretService_GetSecret_FullMethodName,
		secretpb.SecretService_ListSecrets_FullMethodName,
		secretpb.SecretService_DeleteSecret_FullMethodName:
		return true
	default:
		return false
	}
}

// resource is what a call is about: an operation on an organization, a domain, a project,
// an action, an app or a pool of clusters. It is the key of what is remembered, and a value, so
// that a warm call allocates nothing for it.
type resource struct {
	operation                         clusterpb.SelectClusterRequest_Operation
	org, domain, project, run, action string
	pool, app                         string
}

// resourceOf returns what a request is about. It is false where that is nothing that a
// cluster is selected by: the backend itself then answers, if only by saying what is
// missing.
func resourceOf(ctx context.Context, request any, org string) (resource, bool) {
	var r resource
	switch req := request.(type) {
	case *dataproxypb.GetActionDataRequest:
		r = ofAction(clusterpb.SelectClusterRequest_OPERATION_GET_ACTION_DATA, req.GetActionId())
	case *dataproxypb.TailLogsRequest:
		r = ofAction(clusterpb.SelectClusterRequest_OPERATION_TAIL_LOGS, req.GetActionId())
	case *apppb.TailLogsRequest:
		r = ofApp(clusterpb.SelectClusterRequest_OPERATION_TAIL_LOGS, cmp.Or(req.GetAppId(), req.GetReplicaId().GetAppId()))
		return r, r.project != "" && r.domain != "" && r.app != ""
	case *dataproxypb.CreateDownloadLinkRequest:
		r = ofDownload(req)
	case *dataproxypb.CreateUploadLocationRequest:
		r = resource{org: req.GetOrg(), domain: req.GetDomain(), project: req.GetProject()}
		r.operation = operationIn(ctx, clusterpb.SelectClusterRequest_OPERATION_CREATE_UPLOAD_LOCATION)
	case *dataproxypb.UploadInputsRequest:
		r = ofInputs(req)
		r.operation = operationIn(ctx, clusterpb.SelectClusterRequest_OPERATION_UPLOAD_INPUTS)
	default:
		return ofSecret(ctx, request, org)
	}
	return r, r.project != "" && r.domain != ""
}

func ofAction(op clusterpb.SelectClusterRequest_Operation, id *commonpb.ActionIdentifier) resource {
	run := id.GetRun()
	return resource{
		operation: op, org: run.GetOrg(), domain: run.GetDomain(), project: run.GetProject(), run: run.GetName(), action: id.GetName(),
	}
}

func ofApp(op clusterpb.SelectClusterRequest_Operation, id *apppb.Identifier) resource {
	return resource{operation: op, org: id.GetOrg(), domain: id.GetDomain(), project: id.GetProject(), app: id.GetName()}
}

// ofDownload returns nothing for apps, whose files the backend itself has.
func ofDownload(req *dataproxypb.CreateDownloadLinkRequest) resource {
	const op = clusterpb.SelectClusterRequest_OPERATION_CREATE_DOWNLOAD_LINK
	switch source := req.GetSource().(type) {
	case *dataproxypb.CreateDownloadLinkRequest_ActionAttemptId:
		return ofAction(op, source.ActionAttemptId.GetActionId())
	case *dataproxypb.CreateDownloadLinkRequest_TaskId:
		return resource{operation: op, org: source.TaskId.GetOrg(), domain: source.TaskId.GetDomain(), project: source.TaskId.GetProject()}
	default:
		return resource{}
	}
}

func ofInputs(req *dataproxypb.UploadInputsRequest) resource {
	if run := req.GetRunId(); run != nil {
		return resource{org: run.GetOrg(), domain: run.GetDomain(), project: run.GetProject()}
	}
	id := req.GetProjectId()
	return resource{org: id.GetOrganization(), domain: id.GetDomain(), project: id.GetName()}
}

// ofSecret returns the narrowest scope that the request or the context names.
func ofSecret(ctx context.Context, request any, org string) (resource, bool) {
	r := resource{operation: clusterpb.SelectClusterRequest_OPERATION_USE_SECRETS}
	switch req := request.(type) {
	case interface {
		GetId() *secretpb.SecretIdentifier
	}:
		id := req.GetId()
		r.org, r.domain, r.project = id.GetOrganization(), id.GetDomain(), id.GetProject()
	case *secretpb.ListSecretsRequest:
		r.org, r.domain, r.project = req.GetOrganization(), req.GetDomain(), req.GetProject()
	default:
		return resource{}, false
	}
	if pool := poolIn(ctx); pool != nil {
		r.org, r.domain, r.project, r.pool = cmp.Or(pool.GetOrganization(), r.org), "", "", pool.GetName()
	}
	if r.domain == "" {
		r.project = ""
		r.org = cmp.Or(r.org, org)
	}
	return r, r.org != "" || r.domain != "" || r.pool != ""
}

// question returns the request that asks for the cluster of r.
func (r resource) question() *clusterpb.SelectClusterRequest {
	req := &clusterpb.SelectClusterRequest{Operation: r.operation}
	switch {
	case r.pool != "":
		req.Resource = &clusterpb.SelectClusterRequest_ClusterPoolId{
			ClusterPoolId: &commonpb.ClusterPoolIdentifier{Organization: r.org, Name: r.pool},
		}
	case r.run != "" || r.action != "":
		req.Resource = &clusterpb.SelectClusterRequest_ActionId{ActionId: &commonpb.ActionIdentifier{
			Run:  &commonpb.RunIdentifier{Org: r.org, Project: r.project, Domain: r.domain, Name: r.run},
			Name: r.action,
		}}
	case r.app != "":
		req.Resource = &clusterpb.SelectClusterRequest_AppId{
			AppId: &apppb.Identifier{Org: r.org, Project: r.project, Domain: r.domain, Name: r.app},
		}
	case r.project != "":
		req.Resource = &clusterpb.SelectClusterRequest_ProjectId{
			ProjectId: &commonpb.ProjectIdentifier{Organization: r.org, Domain: r.domain, Name: r.project},
		}
	case r.domain != "":
		req.Resource = &clusterpb.SelectClusterRequest_DomainId{
			DomainId: &commonpb.DomainIdentifier{Organization: r.org, Name: r.domain},
		}
	default:
		req.Resource = &clusterpb.SelectClusterRequest_OrgId{OrgId: &commonpb.OrgIdentifier{Name: r.org}}
	}
	return req
}
