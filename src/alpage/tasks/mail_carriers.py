"""What takes a mail away: an SMTP relay, or the folder of captured mails."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTPUTF8
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from alpage.settings import Settings

TIMEOUT_SECONDS = 30
PORTS = {"smtp": 587, "smtps": 465}


class RefusedError(Exception):
    """A mail that would be refused again."""


class Carrier(Protocol):
    """Takes mails away, one at a time."""

    def carry(self, message: EmailMessage) -> None:
        """Takes a mail. Raises RefusedError for one that is of no use, OSError when it is worth another try."""
        ...


class Relay:
    """An SMTP relay. What goes over a network is encrypted, whether or not the relay offers it by itself."""

    def __init__(self, url: str) -> None:
        self._url: SplitResult = urlsplit(url)
        self._host = self._url.hostname or ""
        self._port = self._url.port or PORTS[self._url.scheme]

    def carry(self, message: EmailMessage) -> None:
        """Hands the mail to the relay."""
        try:
            with self._connect() as server:
                if self._url.username:
                    server.login(unquote(self._url.username), unquote(self._url.password or ""))
                server.send_message(message)
        except smtplib.SMTPException as error:
            if _is_final(error):
                raise RefusedError(_describe(error)) from None
            raise OSError(_describe(error)) from None

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._url.scheme == "smtps":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif not _is_local(self._host):
                raise OSError("the relay offers no STARTTLS")
        except BaseException:
            server.close()
            raise
        return server


class Folder:
    """The folder of captured mails: one file each, which only its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def carry(self, message: EmailMessage) -> None:
        """Puts the mail into the folder, under its id."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = message["Message-ID"].strip("<>").partition("@")[0]
        unfinished = self._path / f".{name}"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(message.as_bytes(policy=SMTPUTF8))
        unfinished.replace(self._path / f"{name}.eml")


def carrier(settings: Settings) -> Carrier:
    """What the settings want mails to be taken by."""
    return Relay(settings.smtp_url) if settings.smtp_url else Folder(settings.data / "mails")


def _is_final(error: smtplib.SMTPException) -> bool:
    """Whether another try would end alike (RFC 5321, 4.2.1); who does not know us may do so once he is set right."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return False
        case smtplib.SMTPRecipientsRefused():
            return all(code >= 500 for code, _ in error.recipients.values())
        case smtplib.SMTPResponseException():
            return error.smtp_code >= 500
        case _:
            return isinstance(error, smtplib.SMTPNotSupportedError)


def _describe(error: smtplib.SMTPException) -> str:
    """What the relay has said, without the address it said it about."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()))
            return f"{code} {text.decode(errors='replace')}"
        case smtplib.SMTPResponseException():
            said = error.smtp_error
            return f"{error.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
        case _:
            return str(error)


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
