"""What the modules of a room offer by name: their pages, their engines. Adding a product changes no list."""

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any


def offered(package: ModuleType, name: str) -> Iterator[Callable[..., Any]]:
    """The functions of this name in the modules of a package."""
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        function = getattr(import_module(module.name), name, None)
        if callable(function):
            yield function
