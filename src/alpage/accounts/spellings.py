"""Spellings of a name: what is named after a domain is found in Unicode and in punycode, in any case."""

import idna


def spellings(name: str) -> set[str]:
    """A name in lower case as it was written, in A-labels and in U-labels (IDNA 2008, RFC 5891).

    A name that is no domain's has only the first.
    """
    written = name.strip().lower()
    try:
        ascii_name = idna.encode(written, uts46=True).decode()
        return {written, ascii_name, idna.decode(ascii_name)}
    except (idna.IDNAError, UnicodeError):
        return {written}
