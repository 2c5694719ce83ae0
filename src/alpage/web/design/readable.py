"""Numbers and moments as the reader writes them: the filters of the templates.

Each formats for a locale; `filters` binds them to a language. Sizes are in powers of 1000, as they are sold.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import time
from typing import Any

from babel.dates import format_date, format_datetime, format_timedelta, get_timezone
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

LOCALES = {"en": "en_GB", "de": "de_CH", "es": "es_ES", "fr": "fr_CH", "it": "it_CH"}
SIZES = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte")
DURATIONS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def count(locale: str, value: float) -> str:
    """A number."""
    return format_decimal(value, locale=locale)


def percent(locale: str, share: float) -> str:
    """A share of 1."""
    return format_percent(share, "#,##0.#%" if 0 < share < 0.1 else None, locale=locale)


def money(locale: str, amount: float, currency: str) -> str:
    """An amount in units of its currency."""
    return format_currency(amount, currency, "¤¤\xa0#,##0.00" if locale == "en_GB" else None, locale=locale)


def size(locale: str, in_bytes: float) -> str:
    """A size, with three digits at most and the unit that suits it."""
    exponent = 0
    while abs(in_bytes) >= 999.5 and exponent < len(SIZES) - 1:
        in_bytes, exponent = in_bytes / 1000, exponent + 1
    digits = 0 if exponent == 0 or abs(in_bytes) >= 100 else 1
    return format_unit(round(in_bytes, digits), f"digital-{SIZES[exponent]}", "short", locale=locale)


def duration(locale: str, seconds: float) -> str:
    """How long something takes, in the largest unit there are two of: 90 seconds, 90 minutes, 24 hours."""
    unit, length = next((pair for pair in DURATIONS if seconds >= 2 * pair[1]), DURATIONS[-1])
    return format_unit(round(seconds / length), f"duration-{unit}", "long", locale=locale)


def day(locale: str, at: float, timezone: str = "UTC") -> str:
    """The day of a moment."""
    return format_date(_local(at, timezone).date(), "long", locale=locale)


def moment(locale: str, at: float, timezone: str = "UTC") -> str:
    """A moment, exactly."""
    local = _local(at, timezone)
    return f"{format_datetime(local, 'long', tzinfo=get_timezone(timezone), locale=locale)}"


def ago(locale: str, at: float, timezone: str = "UTC", now: float | None = None) -> Markup:
    """A moment as seen from now, with the exact one on hover."""
    from_now = int(at) - int(time() if now is None else now) or -1  # nothing happens in 0 seconds
    said = format_timedelta(from_now, add_direction=True, locale=locale)
    written = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(written, moment(locale, at, timezone), said)


def initials(name: str) -> str:
    """The letters that stand for a person or an organisation."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def filters(language: str) -> dict[str, Callable[..., Any]]:
    """The filters of a language, by name."""
    locale = LOCALES[language]
    plain = {function.__name__: partial(function, locale) for function in (count, percent, money, size, duration)}
    timed = {function.__name__: _in_readers_zone(function, locale) for function in (day, moment, ago)}
    return {**plain, **timed, "initials": initials}


def _in_readers_zone(function: Callable[..., Any], locale: str) -> Callable[..., Any]:
    @pass_context
    def in_zone(context: Context, at: float) -> Any:
        visit = context.get("visit")
        return function(locale, at, visit.timezone if visit else "UTC")

    return in_zone


def _local(at: float, timezone: str) -> datetime:
    return datetime.fromtimestamp(at, get_timezone(timezone))
