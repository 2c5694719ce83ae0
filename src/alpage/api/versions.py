"""Which route a request means: `/{version}/{command_path}`, or the path alone for its latest version."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote

from alpage.api.errors import ApiError
from alpage.api.routes import Route

Methods = dict[str, Route]


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    placeholder: "_Node | None" = None
    versions: dict[int, Methods] = field(default_factory=dict)


_Found = tuple[_Node, tuple[str, ...]]  # what a path leads to, with the values of its placeholders


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request, with the values of its placeholders as they stood in the path."""

    route: Route
    values: tuple[str, ...]

    @property
    def secrets(self) -> frozenset[str]:
        """What of the path only the caller should know."""
        named = zip(self.route.parameters, self.values, strict=True)
        return frozenset(value for parameter, value in named if parameter.is_secret)

    def path_to_tell(self, path: str) -> str:
        """The path as a log may have it: without what only the caller should know."""
        hidden = {parameter.name for parameter in self.route.parameters if parameter.is_secret}
        if not hidden:
            return path
        told = f"/{self.route.version}{self.route.path}"
        for parameter, value in zip(self.route.parameters, self.values, strict=True):
            if parameter.name not in hidden:
                told = told.replace(f"{{{parameter.name}}}", value)
        return told


class RouteTable:
    """Every route there is, found by path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = sorted(routes, key=lambda route: (route.path, route.version, route.method))
        self._root = _Node()
        # Paths without placeholders, as they are usually written, need no walk.
        self._plain = {
            (route.method, f"/{route.version}{route.path}"): Match(route, ())
            for route in self.routes
            if not route.parameters
        }
        for route in self.routes:
            methods = self._node(route.path).versions.setdefault(route.version, {})
            if route.method in methods:
                raise ValueError(f"{route.name} is declared twice")
            methods[route.method] = route

    def find(self, method: str, path: str) -> Match:
        """The route for a method and a path.

        Raises `method_not_found`, `version_not_supported` or `method_not_allowed`.
        """
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain
        version, segments = _split(path)
        matches = list(_walk(self._root, segments, ()))
        nearest = _nearest(matches, version)
        if nearest is not None:
            node, values = nearest
            route = _choose(node, version, method)
            if route is not None:
                return Match(route, values)
        raise self._refusal(method, path, version, [node for node, _ in matches])

    def allowed(self, path: str) -> list[str]:
        """The methods a path answers to. Raises `method_not_found` where there is none."""
        version, segments = _split(path)
        matches = list(_walk(self._root, segments, ()))
        nearest = _nearest(matches, version)
        if nearest is None:
            raise self._refusal("OPTIONS", path, version, [node for node, _ in matches])
        found = _methods(nearest[0], version)
        return [*sorted({*found, "OPTIONS"} | ({"HEAD"} if "GET" in found else set()))]

    def _node(self, path: str) -> _Node:
        node = self._root
        for segment in path[1:].split("/"):
            if segment.startswith("{"):
                node.placeholder = node.placeholder or _Node()
                node = node.placeholder
            else:
                node = node.children.setdefault(segment, _Node())
        return node

    def _refusal(self, method: str, path: str, version: int | None, nodes: list[_Node]) -> ApiError:
        versions = sorted({version for node in nodes for version in node.versions})
        if not versions:
            known = {f"/{route.version}{route.path}" for route in self.routes}
            close = get_close_matches(path, known, n=1)
            hint: dict[str, Any] = {"suggestion": close[0]} if close else {}
            return ApiError("method_not_found", method=method, path=path, **hint)
        if version is not None and version not in versions:
            return ApiError("version_not_supported", version=version, versions=versions, latest=versions[-1])
        allowed = self.allowed(path)
        return ApiError("method_not_allowed", headers=[("Allow", ", ".join(allowed))], method=method, allowed=allowed)


def _split(path: str) -> tuple[int | None, list[str]]:
    segments = path.strip("/").split("/")
    if "%" in path:
        segments = [unquote(segment) for segment in segments]
    if segments[0].isdecimal():
        return int(segments[0][:9]), segments[1:]
    return None, segments


def _walk(node: _Node, segments: list[str], values: tuple[str, ...]) -> Iterator[_Found]:
    if not segments:
        if node.versions:
            yield node, values
        return
    first, rest = segments[0], segments[1:]
    if first in node.children:
        yield from _walk(node.children[first], rest, values)
    if node.placeholder is not None and first:
        yield from _walk(node.placeholder, rest, (*values, first))


def _nearest(matches: list[_Found], version: int | None) -> _Found | None:
    """What a path means: `/tokens/self` is not a token called self, whatever methods either has."""
    return next((found for found in matches if version is None or version in found[0].versions), None)


def _choose(node: _Node, version: int | None, method: str) -> Route | None:
    if version is not None:
        return node.versions.get(version, {}).get(method)
    having = [number for number, methods in node.versions.items() if method in methods]
    return node.versions[max(having)][method] if having else None


def _methods(node: _Node, version: int | None) -> set[str]:
    return {
        method
        for number, methods in node.versions.items()
        if version is None or number == version
        for method in methods
    }
