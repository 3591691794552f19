"""Tests of a client against the mock, which revoke, fail and read requests."""

import hashlib
import unittest

import grpc

import jetway_mock
import login
from flyteidl2.common import phase_pb2
from flyteidl2.project import project_service_pb2, project_service_pb2_grpc
from jetway.mock.v1 import (
    calls_pb2,
    control_service_pb2,
    endpoints_pb2,
    requests_pb2,
    state_pb2,
    tokens_pb2,
)

LIST = "/flyteidl2.project.ProjectService/ListProjects"


class ControlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = cls.enterClassContext(jetway_mock.running("--project", "demo"))
        cls.channel = cls.enterClassContext(grpc.insecure_channel(cls.mock["grpc_target"]))
        cls.control = jetway_mock.Control(cls.channel, cls.mock["control_secret"])

    def setUp(self):
        self.control.Reset(control_service_pb2.ResetRequest())
        self.control.ResetRequests(requests_pb2.ResetRequestsRequest())

    def log_in(self):
        return login.log_in(self.channel, self.mock["client_id"], self.mock["client_secret"])

    def call(self, token):
        """The status of a call."""
        service = project_service_pb2_grpc.ProjectServiceStub(self.channel)
        try:
            service.ListProjects(project_service_pb2.ListProjectsRequest(), timeout=30, metadata=(token,))
        except grpc.RpcError as e:
            return e.code()
        return grpc.StatusCode.OK

    def test_a_revoked_token_is_rejected_and_a_new_one_serves(self):
        token = self.log_in()
        self.assertEqual(self.call(token), grpc.StatusCode.OK)
        self.control.RevokeTokens(tokens_pb2.RevokeTokensRequest())
        self.assertEqual(self.call(token), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(self.call(self.log_in()), grpc.StatusCode.OK)

    def test_calls_fail_as_often_as_they_are_told(self):
        token = self.log_in()
        self.control.FailCalls(
            calls_pb2.FailCallsRequest(method=LIST, count=2, code=calls_pb2.CODE_UNAVAILABLE)
        )
        codes = [self.call(token).name for _ in range(3)]
        self.assertEqual(codes, ["UNAVAILABLE", "UNAVAILABLE", "OK"])

    def test_the_mock_lists_what_it_has_received(self):
        token = self.log_in()
        self.call(("x-nothing", "at all"))
        self.call(token)
        answer = self.control.ListRequests(requests_pb2.ListRequestsRequest(method=LIST))
        self.assertEqual(answer.token_requests, 1)
        codes = [calls_pb2.Code.Name(r.code) for r in answer.requests]
        self.assertEqual(codes, ["CODE_UNAUTHENTICATED", "CODE_OK"])
        digest = hashlib.sha256(token[1].removeprefix("Bearer ").encode()).hexdigest()
        self.assertEqual([r.token_id for r in answer.requests], ["", digest[:32]])
        self.assertNotIn(token[1].removeprefix("Bearer "), str(answer))

    def test_the_mock_sends_what_it_receives(self):
        token = self.log_in()
        stream = self.control.WatchRequests(requests_pb2.WatchRequestsRequest(method=LIST))
        self.call(token)
        seen = [next(stream).request]
        while not seen[-1].done:
            seen.append(next(stream).request)
        stream.cancel()
        self.assertEqual((seen[-1].method, seen[-1].protocol, seen[-1].code), (LIST, "grpc", calls_pb2.CODE_OK))

    def test_the_token_endpoint_is_down_and_up_again(self):
        token = endpoints_pb2.ENDPOINT_TOKEN
        self.control.SetEndpoint(endpoints_pb2.SetEndpointRequest(endpoint=token, down=True))
        with self.assertRaisesRegex(RuntimeError, "503"):
            self.log_in()
        self.control.SetEndpoint(endpoints_pb2.SetEndpointRequest(endpoint=token))
        self.assertEqual(self.call(self.log_in()), grpc.StatusCode.OK)

    def test_a_run_does_what_its_timeline_says(self):
        steps = [state_pb2.Step(manual=True, phase=phase_pb2.ACTION_PHASE_SUCCEEDED)]
        run = self.control.AddRun(state_pb2.AddRunRequest(project="demo", timeline=steps))
        advanced = self.control.AdvanceRuns(state_pb2.AdvanceRunsRequest(names=[run.name]))
        self.assertEqual(advanced.runs, 1)

    def test_the_secret_is_required(self):
        for secret in ("wrong-secret", self.mock["client_secret"]):
            stranger = jetway_mock.Control(self.channel, secret)
            with self.assertRaises(grpc.RpcError) as refused:
                stranger.Reset(control_service_pb2.ResetRequest())
            self.assertEqual(refused.exception.code(), grpc.StatusCode.UNAUTHENTICATED)
            self.assertNotIn(secret, refused.exception.details())


if __name__ == "__main__":
    unittest.main()
