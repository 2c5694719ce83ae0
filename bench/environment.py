"""What has to be there before anything is measured: programs of the system, and the peers' own virtual environment."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
DIRECTORY = HERE / ".venv"
PROGRAMS = DIRECTORY / "bin"
NODE_PEER = HERE / "peers" / "oidc_provider"
PACKAGES = {"wrk": "wrk", "dnsperf": "dnsperf", "taskset": "util-linux", "node": "nodejs", "npm": "npm"}


def require_programs() -> None:
    """Refuse to go on without the load generators, naming the packages that have them."""
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if missing:
        names = " ".join(missing)
        raise SystemExit(
            f"bench: CANNOT MEASURE. Missing, by Debian's package names: {names} (apt-get install {names})"
        )


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


def install_node_peer() -> None:
    """Make the Node peer's packages be exactly what its lock file names, unless they already are."""
    lock = NODE_PEER / "package-lock.json"
    stamp = NODE_PEER / "node_modules" / "installed.json"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    print("Installing node-oidc-provider into bench/peers/oidc_provider/node_modules (once) …", file=sys.stderr)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NODE_PEER, check=True)
    stamp.write_bytes(lock.read_bytes())
