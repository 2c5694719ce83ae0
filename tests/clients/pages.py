"""A web site of one page, whose script is an application of the login: what a single-page application is."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.clients.processes import HOST

TYPES = {".html": "text/html", ".js": "text/javascript"}


@contextmanager
def running_site(page: Path, files: Mapping[str, Path]) -> Iterator[str]:
    """Serves files at their paths, and the page everywhere else, until the block ends; answers with the origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = files.get(urlsplit(self.path).path, page)
            content = file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", TYPES[file.suffix])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing: what matters is in the browser."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://{HOST}:{server.server_address[1]}"
        server.shutdown()
        thread.join()
