"""The peers' own virtual environment, made once; the harness calls it before anything is prepared."""

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
DIRECTORY = HERE / ".venv"
PROGRAMS = DIRECTORY / "bin"


def install_peers() -> None:
    """Make bench/.venv hold exactly what requirements.txt names, unless it already does."""
    stamp = DIRECTORY / "requirements.txt"
    if stamp.exists() and stamp.read_bytes() == REQUIREMENTS.read_bytes():
        return
    print("Installing the peers into bench/.venv (once) …", file=sys.stderr)
    venv.create(DIRECTORY, with_pip=True, clear=True)
    install: list[str | Path] = [PROGRAMS / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--requirement", REQUIREMENTS], check=True)
    stamp.write_bytes(REQUIREMENTS.read_bytes())
