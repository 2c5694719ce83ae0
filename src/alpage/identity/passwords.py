"""What a password must be. Whoever lets somebody choose one asks here."""

from collections.abc import Iterable

MIN_LENGTH = 12
MAX_LENGTH = 256
MIN_DIFFERENT = 5


def broken_rules(password: str, names: Iterable[str]) -> list[str]:
    """The rules a password breaks, by name; `names` are what its owner is called: login, address, name."""
    rules = {
        "min_length": len(password) < MIN_LENGTH,
        "max_length": len(password) > MAX_LENGTH,
        "only_digits": password.isdecimal(),
        "repetition": len(set(password)) < MIN_DIFFERENT,
        "own_name": password.casefold() in {name.casefold() for name in names},
    }
    return [rule for rule, is_broken in rules.items() if is_broken]
