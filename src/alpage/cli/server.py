"""The running platform: server processes for the API, and what runs beside them in this one."""

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from alpage.cli.demo import demonstrate
from alpage.cli.platform import open_platform
from alpage.settings import Settings


def run(settings: Settings, *, demo: bool) -> None:
    """Serves until the process is asked to end."""
    platform = open_platform(settings.data)
    if demo:
        demonstrate(platform, settings)
    Granian(
        "alpage.app:create",
        factory=True,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        websockets=False,
        log_level=LogLevels(settings.log_level),
        respawn_failed_workers=True,
    ).serve()
