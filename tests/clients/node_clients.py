"""Clients written for Node and for browsers, installed as their lock file says into `node/node_modules`."""

import fcntl
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).with_name("node")
LOCK = SCRIPTS / "package-lock.json"
INSTALL = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]


@dataclass(frozen=True, slots=True)
class NodeClients:
    """An installed set of clients, and our scripts that drive them."""

    folder: Path

    def script(self, name: str) -> list[str | Path]:
        """The command that runs one of the scripts."""
        return ["node", self.folder / name]

    def file(self, path: str) -> Path:
        """A file of a package: `axe-core/axe.min.js`."""
        return self.folder / "node_modules" / path


def installed_node_clients() -> NodeClients:
    """The clients of the lock file, installed if they are not, or if the file says otherwise by now."""
    with (SCRIPTS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want to install them
        installed = SCRIPTS / "node_modules" / "installed.json"  # `npm ci` begins by deleting all of this folder
        if not installed.exists() or installed.read_bytes() != LOCK.read_bytes():
            subprocess.run(INSTALL, cwd=SCRIPTS, check=True)
            shutil.copy(LOCK, installed)
    return NodeClients(SCRIPTS)
