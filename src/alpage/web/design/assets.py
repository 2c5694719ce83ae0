"""Styles, scripts and images, served from the own host at addresses that change with their content.

All stand below one hash of everything, so that a script may import its neighbour by a relative path. A browser that
still holds an older page gets what there is now, and does not keep it.
"""

from hashlib import sha256
from pathlib import Path

from starlette.responses import Response

WEB = Path(__file__).parents[1]
PREFIX = "/assets/"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


class Assets:
    """The assets below a folder."""

    def __init__(self, folder: Path) -> None:
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in TYPES
        }
        digest = sha256()
        for name, content in self.files.items():
            digest.update(name.encode() + b"\0" + content + b"\0")
        self.version = digest.hexdigest()[:16]

    def path(self, name: str) -> str:
        """The path of an asset. Raises KeyError for one that does not exist."""
        if name not in self.files:
            raise KeyError(name)
        return f"{PREFIX}{self.version}/{name}"

    def answer(self, path: str) -> Response | None:
        """The asset at a path."""
        version, _, name = path.removeprefix(PREFIX).partition("/")
        if not path.startswith(PREFIX) or name not in self.files:
            return None
        caching = FOREVER if version == self.version else "no-cache"
        media_type = TYPES[Path(name).suffix]
        return Response(self.files[name], 200, {"Cache-Control": caching}, media_type)


ASSETS = Assets(WEB)
