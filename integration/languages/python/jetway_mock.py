"""A mock backend for tests, and its control: jetway mock --control."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time

from jetway.mock.v1 import control_service_pb2_grpc


class Control:
    """Calls methods of ControlService: control.Reset(ResetRequest())."""

    def __init__(self, channel, secret):
        self._stub = control_service_pb2_grpc.ControlServiceStub(channel)
        self._secret = (("jetway-mock-secret", secret),)

    def __getattr__(self, method):
        call = getattr(self._stub, method)
        return lambda request, timeout=30: call(request, timeout=timeout, metadata=self._secret)


@contextlib.contextmanager
def running(*flags):
    """Runs a mock; its value is how to connect."""
    with tempfile.TemporaryDirectory() as directory:
        ready = pathlib.Path(directory, "ready.json")
        command = [os.environ.get("JETWAY", "jetway"), "mock", "--control", "--ready-file", ready, *flags]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                while not ready.exists():
                    if process.poll() is not None:
                        raise RuntimeError("jetway mock has ended; what it wrote says why")
                    time.sleep(0.02)
                yield json.loads(ready.read_text())
            finally:
                process.terminate()
