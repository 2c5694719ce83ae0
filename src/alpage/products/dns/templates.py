"""Ready sets of records, kept as TOML files in `templates/`, which customers fill in and add to a zone.

A placeholder `{zone}` stands for the zone, any other for a variable of the template. A record that uses a variable
left empty is left out. What people read of it stands there in every language. To add a template, add a file; the tests
read every one.
"""

import functools
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TypeVar

from alpage.api.languages import DEFAULT
from alpage.products.dns import rdata, recorddata
from alpage.products.dns.recorddata import RecordData

Words = TypeVar("Words")

_placeholder = re.compile(r"\{([a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class VariableWords:
    """What people read of a variable, in one language."""

    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Variable:
    """What a customer fills in: the whole value matches the pattern; without a default it must be given."""

    name: str
    words: Mapping[str, VariableWords]  # by language
    pattern: str
    default: str | None


@dataclass(frozen=True, slots=True)
class TemplateWords:
    """What people read of a template, in one language."""

    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Template:
    """A set of records with gaps; the records are as the file has them, placeholders and all."""

    name: str
    words: Mapping[str, TemplateWords]  # by language
    variables: tuple[Variable, ...]
    records: tuple[RecordData, ...]


@dataclass(frozen=True, slots=True)
class VariableFault:
    """What is wrong with one variable: missing, unknown, pattern, or the reason a record gives."""

    variable: str
    reason: str
    message: str


class TemplateError(ValueError):
    """Variables that do not fill a template; `faults` has all that is wrong with them."""

    def __init__(self, faults: list[VariableFault]) -> None:
        super().__init__(" ".join(fault.message for fault in faults))
        self.faults = faults


@functools.cache
def available() -> Mapping[str, Template]:
    """Give all templates by name."""
    folder = resources.files(__package__) / "templates"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {name: _load(name, file.read_text("utf-8")) for file in files for name in [file.name.removesuffix(".toml")]}


def render(template: Template, variables: Mapping[str, str], zone: str) -> list[RecordData]:
    """Fill in a template for a zone; raises `TemplateError` with the faults of all variables."""
    values = {variable.name: variables.get(variable.name, variable.default) for variable in template.variables}
    faults = _unknown(template, variables)
    for variable in template.variables:
        faults += _check(variable, values[variable.name])
    if faults:
        raise TemplateError(faults)
    filled = {name: value or "" for name, value in values.items()} | {"zone": zone}
    records: list[RecordData] = []
    for record in template.records:
        used = _placeholder.findall(record.source + record.target)
        if not all(filled[name] for name in used):
            continue
        try:
            records.append(_fill(record, filled, zone))
        except rdata.InvalidRecordError as error:
            faults += [VariableFault(name, error.reason, error.message) for name in used if name != "zone"]
    if faults:
        raise TemplateError(list(dict.fromkeys(faults)))
    return records


def _load(name: str, text: str) -> Template:
    content = tomllib.loads(text)
    variables = tuple(
        Variable(key, _words(VariableWords, value["words"]), value["pattern"], value.get("default"))
        for key, value in content.get("variables", {}).items()
    )
    records = tuple(RecordData(**record) for record in content["records"])
    return Template(name, _words(TemplateWords, content["words"]), variables, records)


def _words(kind: Callable[..., Words], content: Mapping[str, Mapping[str, str]]) -> dict[str, Words]:
    return {language: kind(**words) for language, words in content.items()}


def _unknown(template: Template, variables: Mapping[str, str]) -> list[VariableFault]:
    known = {variable.name for variable in template.variables}
    return [
        VariableFault(name, "unknown", f"The template {template.name!r} has no variable {name!r}.")
        for name in variables
        if name not in known
    ]


def _check(variable: Variable, value: str | None) -> list[VariableFault]:
    sentence = variable.words[DEFAULT].sentence
    if value is None:
        return [VariableFault(variable.name, "missing", f"{variable.name!r} is missing: {sentence}")]
    if not re.fullmatch(variable.pattern, value):
        return [VariableFault(variable.name, "pattern", f"{variable.name!r} does not fit: {sentence}")]
    return []


def _fill(record: RecordData, values: Mapping[str, str], zone: str) -> RecordData:
    source, target = (_placeholder.sub(lambda found: values[found[1]], text) for text in (record.source, record.target))
    return recorddata.read(source, record.type, record.ttl, target, zone)
