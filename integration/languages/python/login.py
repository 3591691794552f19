"""Logging in by client credentials, with what the backend says about itself."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request

import grpc

from flyteidl2.auth import auth_service_pb2, auth_service_pb2_grpc


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A secret goes where it was meant to go."""

    def redirect_request(self, *_):
        return None


def log_in(channel, client_id, client_secret):
    """Asks the backend where and how, and the authorization server for a token.

    Returns the metadata that calls must carry. A token that has ended is replaced
    by calling it again.
    """
    service = auth_service_pb2_grpc.AuthMetadataServiceStub(channel)
    server = service.GetOAuth2Metadata(auth_service_pb2.GetOAuth2MetadataRequest(), timeout=10)
    settings = service.GetPublicClientConfig(auth_service_pb2.GetPublicClientConfigRequest(), timeout=10)
    form = {"grant_type": "client_credentials"}
    if settings.scopes:
        form["scope"] = " ".join(settings.scopes)
    if settings.audience:
        form["audience"] = settings.audience
    # RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
    pair = ":".join(map(urllib.parse.quote_plus, (client_id, client_secret)))
    request = urllib.request.Request(
        server.token_endpoint,
        data=urllib.parse.urlencode(form).encode(),
        headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=10) as answer:
            token = json.load(answer)["access_token"]
    except urllib.error.HTTPError as e:
        with e:
            raise RuntimeError(f"{server.token_endpoint}: {e.code} {e.read(500)!r}") from None
    return (settings.authorization_metadata_key or "authorization", "Bearer " + token)


class Authenticated(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds the token to every call, streams too."""

    def __init__(self, login):
        self._login = login

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(_with(details, self._login), request)

    def intercept_unary_stream(self, continuation, details, request):
        return continuation(_with(details, self._login), request)


class _Details(grpc.ClientCallDetails):
    def __init__(self, details, metadata):
        self.method, self.timeout, self.metadata = details.method, details.timeout, metadata
        self.credentials, self.wait_for_ready = details.credentials, details.wait_for_ready
        self.compression = details.compression


def _with(details, login):
    return _Details(details, [*(details.metadata or ()), login])
