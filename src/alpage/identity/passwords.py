"""What a password must be. Whoever lets somebody choose one asks here.

A password that people guess is told by what is left of it: names, common words, keyboard runs, years and repetitions
count as one character each, however long they are. The common words stand in `common_words.txt`.
"""

import re
from collections.abc import Iterable
from importlib.resources import files

MIN_LENGTH = 12
MAX_LENGTH = 256
MIN_DIFFERENT = 5
MIN_LEFT = 8
SHORTEST_PIECE = 4

RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
    "zxcvbnm",
    "yxcvbnm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb",
    "q1w2e3r4t5y6",
    "aq1sw2de3fr4",
)
WORDS = frozenset((files(__package__) / "common_words.txt").read_text(encoding="utf-8").split())
DISGUISES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
YEAR = re.compile(r"(?:19|20)\d\d")
REPETITION = re.compile(r"(.+?)\1+")
PIECE = "\0"


def broken_rules(password: str, names: Iterable[str]) -> list[str]:
    """The rules a password breaks, by name; `names` are what its owner is called: login, address, name."""
    names = [name.casefold() for name in names]
    rules = {
        "min_length": len(password) < MIN_LENGTH,
        "max_length": len(password) > MAX_LENGTH,
        "only_digits": password.isdecimal(),
        "repetition": len(set(password)) < MIN_DIFFERENT,
        "own_name": password.casefold() in names,
    }
    broken = [rule for rule, is_broken in rules.items() if is_broken]
    return broken or (["common"] if is_common(password, names) else [])


def is_common(password: str, names: Iterable[str] = ()) -> bool:
    """Whether little is left of a password without what people think of first."""
    own = {word for name in names for word in re.split(r"[\W_\d]+", name.casefold()) if len(word) >= SHORTEST_PIECE}
    return len(_left(password.casefold(), own | WORDS)) < MIN_LEFT


def _left(password: str, words: Iterable[str]) -> str:
    """The password with each guessable piece in it as one character."""
    text = YEAR.sub(PIECE, _without_runs(password))
    for word in sorted(words, key=len, reverse=True):
        plain = text.translate(DISGUISES)  # as long as it was: a place in it is a place in the text
        while (start := plain.find(word)) >= 0:
            text = text[:start] + PIECE + text[start + len(word) :]
            plain = text.translate(DISGUISES)
    return REPETITION.sub(r"\1", text)


def _without_runs(text: str) -> str:
    """The text with each stretch of a keyboard or an alphabet, in either direction, as one character."""
    left, start = "", 0
    while start < len(text):
        length = max(_run_at(text, start, run) for line in RUNS for run in (line, line[::-1]))
        left += PIECE if length >= SHORTEST_PIECE else text[start]
        start += length if length >= SHORTEST_PIECE else 1
    return left


def _run_at(text: str, start: int, run: str) -> int:
    """How many characters from a place on are a stretch of a run."""
    place = run.find(text[start])
    if place < 0:
        return 0
    length = 0
    while start + length < len(text) and place + length < len(run) and text[start + length] == run[place + length]:
        length += 1
    return length
