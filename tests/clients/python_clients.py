"""Clients written in Python, in a virtual environment of their own: what they need is none of the platform's."""

import fcntl
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
FOLDER = ROOT / ".venv-clients"


@dataclass(frozen=True, slots=True)
class PythonClients:
    """An installed set of clients."""

    folder: Path

    def program(self, name: str) -> Path:
        """The path of one of their commands."""
        return self.folder / "bin" / name


def installed_clients() -> PythonClients:
    """The clients of `requirements.txt`, installed if they are not, or if the file says otherwise by now."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want to install them
        environment, installed = FOLDER / "environment", FOLDER / "installed.txt"
        if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
            installed.unlink(missing_ok=True)
            shutil.rmtree(environment, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", environment], check=True)
            pip = environment / "bin" / "pip"
            subprocess.run([pip, "install", "--quiet", "--requirement", REQUIREMENTS], check=True)
            shutil.copy(REQUIREMENTS, installed)
        return PythonClients(environment)
