"""Reading a content security policy."""

from typing import Any


def policy_of(answer: Any) -> dict[str, list[str]]:
    """The directives of an answer's policy, with what each allows."""
    directives = [directive.split() for directive in answer.headers["content-security-policy"].split(";")]
    return {name: allowed for name, *allowed in directives}
