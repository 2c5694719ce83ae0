"""The endings domains are registered under: `ch`, `co.uk`, from the Public Suffix List.

The list, with what its authors say of it, comes with the package `publicsuffixlist`; of its two parts this is the one
of registries, not the one of companies that rent out names below their own.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from publicsuffixlist import PublicSuffixList

RESERVED = ("example", "localhost", "test")  # RFC 2606, 2: nobody's in the world, for documentation and sandboxes
BEGIN, END = "// ===BEGIN ICANN DOMAINS===", "// ===END ICANN DOMAINS==="


def suffix_of(name: str) -> str | None:
    """The ending a stored name is registered under; the name itself if it is one, None if there is none."""
    return _public_suffixes().publicsuffix(name)


def registrable_part(name: str) -> str | None:
    """The part of a stored name that a registry gives out: its ending and one label more."""
    return _public_suffixes().privatesuffix(name)


@cache
def listed() -> tuple[str, ...]:
    """Every ending as the list writes it: in Unicode, and `*.ck` where each name below `ck` is one."""
    return (*(rule for rule in _rules() if not rule.startswith("!")), *RESERVED)


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList([*_rules(), *RESERVED], accept_unknown=False)


def _rules() -> Iterator[str]:
    text = (files("publicsuffixlist") / "public_suffix_list.dat").read_text(encoding="utf-8")
    lines = text.partition(BEGIN)[2].partition(END)[0].splitlines()
    return (line.split()[0] for line in lines if line.strip() and not line.startswith("//"))
