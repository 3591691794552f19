"""A client in Python that calls every method of every service that was generated, or goes
through what can happen to a call. It reads what to do from its standard input, as JSON, and
writes how each call ended to its standard output.
"""

import concurrent.futures
import importlib
import json
import pathlib
import sys
import threading
import urllib.parse

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TIMEOUT = 30  # seconds a call
PATIENCE = 5  # seconds that a stream may be silent


def message_class(descriptor):
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory().GetPrototype(descriptor)  # before protobuf 4.22


def services():
    """The services of all generated files."""
    root = pathlib.Path("gen")
    for file in sorted(root.rglob("*_pb2.py")):
        module = importlib.import_module(".".join(file.relative_to(root).with_suffix("").parts))
        yield from module.DESCRIPTOR.services_by_name.values()


class Client:
    def __init__(self, settings):
        target = urllib.parse.urlsplit(settings["baseUrl"])
        compression = grpc.Compression.Gzip if settings["gzip"] else grpc.Compression.NoCompression
        if target.scheme == "https":
            self.channel = grpc.secure_channel(target.netloc, grpc.ssl_channel_credentials(), compression=compression)
        else:
            self.channel = grpc.insecure_channel(target.netloc, compression=compression)
        self.metadata = (("authorization", "Bearer " + settings["token"]),)

    def open(self, method, timeout=TIMEOUT, **fields):
        """Starts a call and returns it."""
        request, answer = message_class(method.input_type), message_class(method.output_type)
        path = f"/{method.containing_service.full_name}/{method.name}"
        kind = self.channel.unary_stream if streams(method) else self.channel.unary_unary
        stub = kind(path, request_serializer=request.SerializeToString, response_deserializer=answer.FromString)
        if streams(method):
            return stub(request(**fields), timeout=timeout, metadata=self.metadata)
        return stub.future(request(**fields), timeout=timeout, metadata=self.metadata)


def streams(method):
    """Whether the server sends a stream of messages."""
    service = descriptor_pb2.ServiceDescriptorProto()
    method.containing_service.CopyToProto(service)
    return next(m.server_streaming for m in service.method if m.name == method.name)


def later(seconds, action):
    """Acts in so many seconds, unless the program has ended."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()


def ending(call, streaming):
    """How a call ended, by the name of its code; a stream ends here with its first message."""
    try:
        if streaming:
            next(call)
            call.cancel()
        else:
            call.result()
    except StopIteration:
        pass
    except grpc.FutureCancelledError:
        return "CANCELLED"
    except grpc.RpcError as e:
        return e.code().name
    return "OK"


def call_empty(client, method):
    """Calls a method with an empty request."""
    call = client.open(method)
    if streams(method):
        later(PATIENCE, call.cancel)
    return ending(call, streams(method))


def call_all(client):
    """Calls all methods; streams come last, on a connection that is there: their patience is
    for the server."""
    methods = [method for service in services() for method in service.methods]
    results = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=128) as pool:
        for last in (False, True):
            calls = {
                f"/{method.containing_service.full_name}/{method.name}": pool.submit(call_empty, client, method)
                for method in methods
                if streams(method) == last
            }
            results |= {path: call.result() for path, call in calls.items()}
    return results


def meet_faults(client):
    """A deadline that passes, a stream that is cancelled, and a token that is revoked."""
    list(services())  # loads the descriptors
    find = descriptor_pool.Default().FindMethodByName
    results = {"deadline": ending(client.open(find("flyteidl2.project.ProjectService.GetProject"), timeout=0.3, id="slow"), False)}
    watch = client.open(find("flyteidl2.workflow.RunService.WatchRuns"))
    later(0.3, watch.cancel)
    results["cancellation"] = ending(watch, True)
    # Both are held, and the token is revoked meanwhile.
    unary = client.open(find("flyteidl2.project.ProjectService.ListProjects"))
    stream = client.open(find("flyteidl2.workflow.RunService.WatchGroups"))
    results["revoked"], results["stream revoked"] = ending(unary, False), ending(stream, True)
    return results


def main():
    settings = json.load(sys.stdin)
    client = Client(settings)
    print(json.dumps(meet_faults(client) if settings["faults"] else call_all(client)))


if __name__ == "__main__":
    main()
