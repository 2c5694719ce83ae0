"""What the modules of a room offer by name: routes, pages, engines, workers. Adding a product changes no list."""

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """The modules of a package, and of the packages in it."""
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield import_module(module.name)


def offered(package: ModuleType, name: str) -> Iterator[Callable[..., Any]]:
    """The functions of this name in the modules of a package."""
    for module in modules(package):
        function = getattr(module, name, None)
        if callable(function):
            yield function
