"""Everything pages say is said in every language."""

import re

import pytest

from tests.web.write_translations import FOLDER, TRANSLATED, messages, read, renewed, untranslated

PLACEHOLDER = re.compile(r"%\(\w+\)s")


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_is_what_pages_say(language):
    written = (FOLDER / f"{language}.po").read_bytes()
    assert written == renewed(language, messages()), "stale: run `make translations`"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language):
    assert untranslated(read(language)) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_values_of_its_message(language):
    for message in read(language):
        texts = [message.id] if isinstance(message.id, str) else message.id
        strings = [message.string] if isinstance(message.string, str) else message.string
        assert all(
            set(PLACEHOLDER.findall(string)) == set(PLACEHOLDER.findall(texts[-1])) for string in strings[-1:]
        ), message.id
