"""What a password must be: neither short nor what people think of first."""

import secrets

import pytest

from alpage.identity.passwords import MAX_LENGTH, broken_rules

NAMES = ("heidi@example.org", "heidi@example.org", "Heidi Oberholzer")


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd!2024",
        "Passwort-2026!",
        "motdepasse2025",
        "Alpage2026!!!",
        "qwertyuiop123",
        "1qaz2wsx3edc",
        "zxcvbnmasdfgh",
        "poiuytrewq-11",
        "AbCdEf654321",
        "abcdefghijkl",
        "hunter2hunter2",
        "iloveyou!!!!123",
        "Heidi-Heidi-99",
        "0berh0lzer-1985",
        "Summer-Winter-2026",
        "letmein letmein",
    ],
)
def test_what_people_think_of_first_is_common(password):
    assert broken_rules(password, NAMES) == ["common"]


@pytest.mark.parametrize(
    "password",
    [
        "eleven goats",
        "correct horse battery",
        "kX9!vQ2m#Lp7",
        "welcome to my home",
        "Tr0ub4dor&3-xyz",
        "ein Murmeltier pfeift",
        "高山牧場的山羊今天很高興呢",
    ],
)
def test_what_is_ones_own_is_not(password):
    assert broken_rules(password, NAMES) == []


def test_random_ones_are_never_common():
    assert not any(broken_rules(secrets.token_urlsafe(12), NAMES) for _ in range(500))


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("short", ["min_length"]),
        ("x1" * MAX_LENGTH, ["max_length", "repetition"]),
        ("123456789012", ["only_digits"]),
        ("HEIDI@example.org", ["own_name"]),
        ("", ["min_length", "repetition"]),
    ],
)
def test_other_rules_have_their_names(password, rules):
    assert broken_rules(password, NAMES) == rules
