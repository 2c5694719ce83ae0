"""The parts of a record's target and their meaning, as the API gives them for `with=records_description`."""

from collections.abc import Callable
from typing import TypedDict

from alpage.products.dns import names


class Part(TypedDict):
    """One part of a target: the value as the target has it, and what a person reads for it."""

    value: int | str
    label: str


_ALGORITHMS = {
    5: "RSASHA1",
    7: "RSASHA1-NSEC3-SHA1",
    8: "RSASHA256",
    10: "RSASHA512",
    13: "ECDSAP256SHA256",
    14: "ECDSAP384SHA384",
    15: "ED25519",
    16: "ED448",
}
_DIGEST_TYPES = {1: "SHA-1", 2: "SHA-256", 4: "SHA-384"}
_KEY_FLAGS = {256: "Zone signing key", 257: "Key signing key", 385: "Revoked key signing key"}
_SSH_ALGORITHMS = {1: "RSA", 2: "DSA", 3: "ECDSA", 4: "Ed25519", 6: "Ed448"}
_SSH_FINGERPRINTS = {1: "SHA-1", 2: "SHA-256"}
_USAGES = {
    0: "PKIX-TA: limits which authority may issue",
    1: "PKIX-EE: limits which certificate may be used",
    2: "DANE-TA: names the authority to trust",
    3: "DANE-EE: names the certificate to trust",
}
_SELECTORS = {0: "Full certificate", 1: "Public key"}
_MATCHING_TYPES = {0: "Exact data", 1: "SHA-256", 2: "SHA-512"}
_TRANSPORTS = frozenset({"_tcp", "_udp", "_sctp"})
_TAGS = {
    "issue": "May issue certificates",
    "issuewild": "May issue wildcard certificates",
    "issuemail": "May issue mail certificates",
    "iodef": "Where to report violations",
}


def describe(rtype: str, target: str, source: str = names.APEX) -> dict[str, Part]:
    """Name the parts of a stored target; the owner adds the protocol of `_443._tcp` names."""
    reader = _readers.get(rtype)
    if reader is None:
        return {}
    parts = reader(target)
    return parts | _protocol(source) if rtype in {"SRV", "TLSA"} else parts


def duration(seconds: int) -> str:
    """Say a number of seconds in its largest whole unit: "2 h", "90 min", "1 d"."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _describe_mx(target: str) -> dict[str, Part]:
    priority, _ = target.split(" ")
    return {"priority": _number(priority)}


def _describe_srv(target: str) -> dict[str, Part]:
    priority, weight, port, _ = target.split(" ")
    return {"priority": _number(priority), "weight": _number(weight), "port": _number(port)}


def _describe_caa(target: str) -> dict[str, Part]:
    flags, tag, _ = target.split(" ", 2)
    critical = "Critical" if int(flags) & 128 else "Not critical"
    return {
        "flags": Part(value=int(flags), label=critical),
        "tag": Part(value=tag, label=_TAGS.get(tag, tag)),
    }


def _describe_ds(target: str) -> dict[str, Part]:
    key_tag, algorithm, digest_type, digest = target.split(" ")
    return {
        "key_tag": _number(key_tag),
        "algorithm": _listed(algorithm, _ALGORITHMS),
        "digest_type": _listed(digest_type, _DIGEST_TYPES),
        "digest": Part(value=digest, label=digest),
    }


def _describe_dnskey(target: str) -> dict[str, Part]:
    flags, protocol, algorithm, _ = target.split(" ")
    return {
        "flags": _listed(flags, _KEY_FLAGS),
        "protocol": Part(value=protocol, label="DNSSEC"),
        "algorithm": _listed(algorithm, _ALGORITHMS),
    }


def _describe_sshfp(target: str) -> dict[str, Part]:
    algorithm, digest_type, digest = target.split(" ")
    return {
        "algorithm": _listed(algorithm, _SSH_ALGORITHMS),
        "digest_type": _listed(digest_type, _SSH_FINGERPRINTS),
        "digest": Part(value=digest, label=digest),
    }


def _describe_association(target: str) -> dict[str, Part]:
    usage, selector, matching_type, _ = target.split(" ")
    return {
        "usage": _listed(usage, _USAGES),
        "selector": _listed(selector, _SELECTORS),
        "matching_type": _listed(matching_type, _MATCHING_TYPES),
    }


def _describe_soa(target: str) -> dict[str, Part]:
    mname, rname, serial, *times = target.split(" ")
    described = {
        "mname": Part(value=mname, label=names.to_unicode(mname)),
        "rname": Part(value=rname, label=names.to_unicode(rname)),
        "serial": _number(serial),
    }
    for name, seconds in zip(("refresh", "retry", "expire", "minimum_ttl"), times, strict=True):
        described[name] = Part(value=int(seconds), label=duration(int(seconds)))
    return described


_readers: dict[str, Callable[[str], dict[str, Part]]] = {
    "CAA": _describe_caa,
    "DNSKEY": _describe_dnskey,
    "DS": _describe_ds,
    "MX": _describe_mx,
    "SMIMEA": _describe_association,
    "SOA": _describe_soa,
    "SRV": _describe_srv,
    "SSHFP": _describe_sshfp,
    "TLSA": _describe_association,
}


def _protocol(source: str) -> dict[str, Part]:
    label = next((label for label in source.split(".")[:2] if label in _TRANSPORTS), None)
    return {"protocol": Part(value=label[1:], label=label[1:].upper())} if label else {}


def _number(text: str) -> Part:
    return Part(value=int(text), label=text)


def _listed(text: str, meanings: dict[int, str]) -> Part:
    return Part(value=int(text), label=meanings.get(int(text), text))
