"""A client in Python: it is refused without a token, logs in, deploys a task, runs
it, follows the run, and keeps a secret. It reads where and as whom from its standard
input, as JSON, and writes what happened to its standard output.
"""

import json
import sys
import time
import urllib.parse

import grpc

from flyteidl2.common import identifier_pb2, phase_pb2
from flyteidl2.secret import definition_pb2, payload_pb2, secret_pb2_grpc
from flyteidl2.task import task_definition_pb2, task_service_pb2, task_service_pb2_grpc
from flyteidl2.workflow import run_service_pb2, run_service_pb2_grpc

import login

TIMEOUT = 30  # seconds a call

FINAL = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT", "RECOVERED")


def refusal(call):
    """The status that a call is refused with."""
    try:
        call()
    except grpc.RpcError as e:
        return e.code().name
    return "OK"


def refusals(channel, task_id):
    task = task_service_pb2_grpc.TaskServiceStub(channel)
    run = run_service_pb2_grpc.RunServiceStub(channel)
    secret = secret_pb2_grpc.SecretServiceStub(channel)
    details = task_service_pb2.GetTaskDetailsRequest(task_id=task_id)
    create = run_service_pb2.CreateRunRequest(task_id=task_id)
    watch = run_service_pb2.WatchActionDetailsRequest()
    return {
        "task": refusal(lambda: task.GetTaskDetails(details, timeout=TIMEOUT)),
        "run": refusal(lambda: run.CreateRun(create, timeout=TIMEOUT)),
        "secret": refusal(lambda: secret.ListSecrets(payload_pb2.ListSecretsRequest(), timeout=TIMEOUT)),
        "stream": refusal(lambda: next(run.WatchActionDetails(watch, timeout=TIMEOUT))),
    }


def deploy(channel, task_id):
    service = task_service_pb2_grpc.TaskServiceStub(channel)
    spec = task_definition_pb2.TaskSpec(short_name="greet")
    service.DeployTask(task_service_pb2.DeployTaskRequest(task_id=task_id, spec=spec), timeout=TIMEOUT)
    wanted = task_service_pb2.GetTaskDetailsRequest(task_id=task_id)
    return service.GetTaskDetails(wanted, timeout=TIMEOUT).details.task_id.version


def phase_of(details):
    return phase_pb2.ActionPhase.Name(details.status.phase).removeprefix("ACTION_PHASE_")


def follow(channel, task_id, project_id):
    service = run_service_pb2_grpc.RunServiceStub(channel)
    wanted = run_service_pb2.CreateRunRequest(task_id=task_id, project_id=project_id)
    action = service.CreateRun(wanted, timeout=TIMEOUT).run.action.id
    phases = []

    def add(phase):
        if phases[-1:] != [phase]:
            phases.append(phase)

    watch = run_service_pb2.WatchActionDetailsRequest(action_id=action)
    wanted = run_service_pb2.GetActionDetailsRequest(action_id=action)
    while True:
        for message in service.WatchActionDetails(watch, timeout=TIMEOUT):
            add(phase_of(message.details))
        # The stream ends with the last attempt, mostly before the action's status does.
        add(phase_of(service.GetActionDetails(wanted, timeout=TIMEOUT).details))
        if phases[-1] in FINAL:
            return action.run.name, phases
        time.sleep(0.05)


def keep_secret(channel, project, domain):
    service = secret_pb2_grpc.SecretServiceStub(channel)
    id_ = definition_pb2.SecretIdentifier(name="python", project=project, domain=domain)
    spec = definition_pb2.SecretSpec(string_value="open sesame")
    service.CreateSecret(payload_pb2.CreateSecretRequest(id=id_, secret_spec=spec), timeout=TIMEOUT)
    return service.GetSecret(payload_pb2.GetSecretRequest(id=id_), timeout=TIMEOUT).secret.id.name


def connect(base_url):
    """A channel with TLS, unless the address says http."""
    url = urllib.parse.urlsplit(base_url)
    if url.scheme == "http":
        return grpc.insecure_channel(url.netloc)
    return grpc.secure_channel(url.netloc, grpc.ssl_channel_credentials())


def main():
    settings = json.load(sys.stdin)
    project, domain = settings["project"], settings["domain"]
    task_id = task_definition_pb2.TaskIdentifier(
        project=project, domain=domain, name="hello.greet", version="python"
    )
    project_id = identifier_pb2.ProjectIdentifier(name=project, domain=domain)
    with connect(settings["baseUrl"]) as bare:
        happened = {"refusals": refusals(bare, task_id)}
        token = login.log_in(bare, settings["client"]["id"], settings["client"]["secret"])
        channel = grpc.intercept_channel(bare, login.Authenticated(token))
        happened["task"] = deploy(channel, task_id)
        happened["run"], happened["phases"] = follow(channel, task_id, project_id)
        happened["secret"] = keep_secret(channel, project, domain)
    json.dump(happened, sys.stdout)


if __name__ == "__main__":
    main()
