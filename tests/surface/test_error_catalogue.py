"""The error catalogues: every code has a status, the keys of its context and a sentence in every language."""

import re
import tomllib
from collections import Counter
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import alpage
from alpage.api.languages import LANGUAGES, Catalogue

SOURCE = Path(alpage.__file__).parent
FILES = sorted(SOURCE.glob("**/errors.toml"))
ENTRIES = [
    pytest.param(code, entry, id=f"{file.parent.name}:{code}")
    for file in FILES
    for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items()
]
OPTIONAL = {"suggestion", "retry_after", "reason", "until", "example"}

every_code = pytest.mark.parametrize(("code", "entry"), ENTRIES)


def placeholders(sentence: str) -> Counter[str]:
    return Counter(key for _, key, _, _ in Formatter().parse(sentence) if key is not None)


@every_code
def test_a_code_is_snake_case(code: str, entry: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code)


@every_code
def test_an_entry_has_its_keys_and_no_others(code: str, entry: dict[str, Any]) -> None:
    status = set() if code.startswith("attribute_") else {"status"}
    assert set(entry) == {"context", *status, *LANGUAGES}


@every_code
def test_a_status_is_one_of_an_error(code: str, entry: dict[str, Any]) -> None:
    assert code.startswith("attribute_") or entry["status"] in range(400, 600)


@every_code
def test_context_keys_are_distinct_and_begin_with_the_attribute(code: str, entry: dict[str, Any]) -> None:
    context = entry["context"]
    assert len(set(context)) == len(context)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in context)
    assert not code.startswith("attribute_") or context[0] == "attribute"


@every_code
def test_every_language_has_one_sentence_without_a_full_stop(code: str, entry: dict[str, Any]) -> None:
    for language in LANGUAGES:
        sentence = entry[language]
        assert sentence
        assert sentence == sentence.strip()
        assert "\n" not in sentence
        assert not sentence.endswith(".")


@every_code
def test_languages_name_the_same_values_of_the_context(code: str, entry: dict[str, Any]) -> None:
    named = placeholders(entry["en"])
    assert all(placeholders(entry[language]) == named for language in LANGUAGES)
    assert set(named) <= set(entry["context"]) - OPTIONAL


@every_code
def test_german_is_spelt_the_swiss_way(code: str, entry: dict[str, Any]) -> None:
    assert "ß" not in entry["de"]


def test_a_code_belongs_to_one_file() -> None:
    seen = Counter(param.values[0] for param in ENTRIES)
    assert [code for code, times in seen.items() if times > 1] == []


def test_the_catalogue_takes_every_file_and_fills_every_sentence() -> None:
    catalogue = Catalogue()
    for file in FILES:
        catalogue.add(file)
    assert len(catalogue.entries) == len(ENTRIES) > 0
    for code, entry in catalogue.entries.items():
        context = {key: ["one", "two"] for key in entry["context"]}
        for language in LANGUAGES:
            filled = catalogue.describe(code, context, language)
            assert "{" not in filled
            assert filled.count("one, two") == placeholders(entry[language]).total()


@pytest.mark.parametrize(
    ("code", "status", "sentence"),
    [
        ("object_not_found", 404, "Object not found"),
        ("validation_failed", 422, "Validation failed"),
        ("not_authorized", 401, "Authorization required"),
        ("all_scopes", 403, 'This method require this specific scope:"{scopes}"'),
        ("attribute_required", None, "The {attribute} attribute is required"),
        ("attribute_min_value", None, "The {attribute} attribute must be at least {min_value}"),
    ],
)
def test_sentences_that_clients_read_are_kept_to_the_letter(code: str, status: int | None, sentence: str) -> None:
    catalogue = Catalogue()
    catalogue.add(SOURCE / "api" / "errors.toml")
    entry = catalogue.entries[code]
    assert (entry.get("status"), entry["en"]) == (status, sentence)
