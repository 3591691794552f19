"""The page at /lab of a user's server, in place of JupyterLab's."""
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web


class LabPage(JupyterHandler):
    @web.authenticated
    def get(self):
        self.xsrf_token  # which sets the cookie
        self.finish("<html><body>the lab of " + self.settings["base_url"] + "</body></html>")


def _jupyter_server_extension_points():
    return [{"module": "labpage"}]


def _load_jupyter_server_extension(app):
    app.web_app.add_handlers(".*$", [(url_path_join(app.base_url, "/lab"), LabPage)])
