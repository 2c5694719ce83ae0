"""The settings as a command meets them: its flags win, and what is wrong ends the program with a sentence."""

import sys
from typing import NoReturn

from alpage.settings import Settings, SettingsError, load


def settle(**flags: object) -> Settings:
    """The settings, or the end of the program with what is wrong with them."""
    try:
        return load(**flags)
    except SettingsError as error:
        stop(str(error))


def stop(message: str) -> NoReturn:
    """Ends the program with a message on standard error."""
    print(f"alpage: {message}", file=sys.stderr)
    raise SystemExit(2)
