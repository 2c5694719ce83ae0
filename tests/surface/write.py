"""What is generated from the code, so that a reviewer sees what a change does to the outside: `make surface` writes it.

`test_surface.py` fails when a file here is stale.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from alpage import app
from alpage.api import openapi
from alpage.api.errors import CATALOGUE
from alpage.api.routes import Route
from alpage.identity.scopes import SCOPES
from alpage.settings import PREFIX, Settings
from alpage.storage.tables import Base

ROOT = Path(__file__).parents[2]
SNAPSHOTS = Path("tests/surface/snapshots")


def generated() -> dict[Path, str]:
    """Every generated file with its content, by path in the repository."""
    routes = app.route_table().routes
    return {
        SNAPSHOTS / "routes.txt": _lines(_route(route) for route in routes),
        SNAPSHOTS / "scopes.txt": _lines(f"{scope}: {sentence}" for scope, sentence in SCOPES.items()),
        SNAPSHOTS / "errors.txt": _lines(_errors()),
        SNAPSHOTS / "tables.txt": _lines(_tables()),
        SNAPSHOTS / "openapi.json": json.dumps(openapi.describe(routes, "https://api.example"), indent=1) + "\n",
        Path("docs/settings.md"): _settings(),
    }


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _route(route: Route) -> str:
    scopes = "public" if route.scopes is None else " or ".join(route.scopes) or "any token"
    return f"{route.name}  [{scopes}]  {route.status}  {route.summary}"


def _errors() -> Iterator[str]:
    for code, entry in sorted(CATALOGUE.entries.items()):
        yield f"{entry.get('status', '   ')} {code} ({', '.join(entry['context'])}): {entry['en']}"


def _tables() -> Iterator[str]:
    for table in Base.metadata.sorted_tables:
        yield table.name
        for column in table.columns:
            yield f"    {column.name}: {column.type}{'' if column.nullable else ' NOT NULL'}"


def _settings() -> str:
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for name, info in Settings.model_fields.items():
        default = ",".join(info.default) if isinstance(info.default, tuple) else str(info.default)
        rows.append(f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else ''} | {info.description} |")
    return (
        "# Settings\n\nFrom the environment, or in lower case and without the prefix from the TOML file that"
        f" `{PREFIX}CONFIG` names (`<data>/alpage.toml` by default). Lists are separated by commas in the"
        " environment.\n\n" + "\n".join(rows) + "\n"
    )


def main() -> None:
    """Writes the files."""
    for path, content in generated().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(content)


if __name__ == "__main__":
    main()
