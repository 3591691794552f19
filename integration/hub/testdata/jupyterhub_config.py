# A hub for tests, on addresses of this machine that the test has chosen.
import json
import os

from jupyterhub.auth import Authenticator
from tornado import web


class HeaderAuthenticator(Authenticator):
    """Believes the ingress in front, as Nublado's hub does."""

    auto_login = True

    async def authenticate(self, handler, data):
        headers = handler.request.headers
        if not headers.get("X-Auth-Request-User") or not headers.get("X-Auth-Request-Token"):
            raise web.HTTPError(401, "no user in the request's headers")
        return headers["X-Auth-Request-User"]


at = json.loads(os.environ["JETWAY_HUB"])
c = get_config()  # noqa: F821

c.JupyterHub.bind_url = at["proxy"] + at["base"]
c.JupyterHub.hub_bind_url = at["hub"]
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret = bytes(range(32))
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.allow_named_servers = True
c.SimpleLocalProcessSpawner.home_dir_template = os.path.join(at["homes"], "{username}")
c.Spawner.args = ["--allow-root"]
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # seconds, for a busy machine


def broken(spawner):
    """Lets a server that was started with the option "broken" end at once."""
    if spawner.user_options.get("broken"):
        spawner.cmd, spawner.args, spawner.http_timeout = ["false"], [], 15


c.Spawner.pre_spawn_hook = broken
if at["ingress"]:
    # As Nublado's: a form before each lab, and JupyterLab's page, which Debian does not have.
    c.Spawner.options_form = "<input name='image_class'><input name='size'>"
    c.Spawner.options_from_form = lambda form: {name: values[0] for name, values in form.items()}
    c.Spawner.environment = {"PYTHONPATH": os.path.dirname(os.path.abspath(__file__)), "PYTHONDONTWRITEBYTECODE": "1"}
    c.Spawner.args += [
        "--ServerApp.jpserver_extensions={'labpage': True}",
        "--ServerApp.iopub_data_rate_limit=0",  # of the output of a kernel, in bytes a second
    ]
c.ConfigurableHTTPProxy.api_url = at["proxy_api"]
c.ConfigurableHTTPProxy.auth_token = at["proxy_token"]

c.JupyterHub.authenticator_class = HeaderAuthenticator if at["ingress"] else "dummy"
c.DummyAuthenticator.password = at["password"]
c.Authenticator.allowed_users = {"alice", "bob", "carol", "dave"}
c.JupyterHub.load_groups = {"serenity": ["alice"]}

managed = {"command": [at["program"]], "oauth_no_confirm": True}
c.JupyterHub.services = [
    {"name": "whoami", "url": at["whoami"], **managed},
    {"name": "phoenix", "url": at["phoenix"], **managed},
    {"name": "external", "url": at["external"], "api_token": at["external_token"], "oauth_no_confirm": True},
    {"name": "boss", "api_token": at["boss_token"], "admin": True},
]
names = ["whoami", "phoenix", "external"]
c.JupyterHub.load_roles = [
    {"name": "crew", "users": ["alice"], "services": ["boss"], "scopes": [f"access:services!service={n}" for n in names]},
    {"name": "looker", "services": ["external"], "scopes": ["read:users:name", "read:users:groups", "list:users"]},
]
