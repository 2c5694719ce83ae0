"""Figures over time, drawn as SVG: an axis of values, an axis of time, a line or bars.

Colours are the stylesheet's, by class. A figure is drawn twice, for wide and for narrow screens, so that its letters
keep their size; the stylesheet shows the one that fits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, log10
from typing import Literal

from babel.dates import format_skeleton, get_timezone
from markupsafe import Markup

from alpage.web.design import readable

Unit = Literal["count", "size", "percent"]
UNITS: dict[Unit, Callable[[str, float], str]] = {
    "count": readable.count,
    "size": readable.size,
    "percent": readable.percent,
}
STEPS = (1, 2, 2.5, 5, 10)
HOUR, DAY = 3600, 86400
TOP, BOTTOM, RIGHT, LETTER = 12, 28, 12, 7.2
SHORTEST_BAR = 1
LEAST = 1e-4  # below it a value is nothing


@dataclass(frozen=True, slots=True)
class Series:
    """Values under one name, one for each moment of the figure."""

    label: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Figure:
    """Values over time. The first series is the one that is meant; a second stands beside it to compare."""

    title: str
    moments: Sequence[int]
    series: Sequence[Series]
    kind: Literal["line", "bars"] = "line"
    unit: Unit = "count"


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where a figure is drawn: the size of the sheet, the room left for the letters of the axis, the scales."""

    width: int
    height: int
    left: float
    first: int
    last: int
    top_value: float

    def x(self, moment: float) -> float:
        """Where a moment stands."""
        share = (moment - self.first) / (self.last - self.first)
        return round(self.left + share * (self.width - self.left - RIGHT), 1)

    def y(self, value: float) -> float:
        """Where a value stands."""
        return round(self.base - value / self.top_value * (self.base - TOP), 1)

    @property
    def base(self) -> int:
        """Where nothing stands."""
        return self.height - BOTTOM


def draw(figure: Figure, language: str, timezone: str, *, width: int, height: int, name: str) -> Markup:
    """A figure as an SVG of this size; `name` is its class."""
    locale = readable.LOCALES[language]
    write = UNITS[figure.unit]
    ticks = value_ticks(max((value for series in figure.series for value in series.values), default=0), figure.unit)
    labels = [write(locale, tick) if tick else "0" for tick in ticks]
    pace = _pace(figure.moments)
    first, last = figure.moments[0], figure.moments[-1]
    if figure.kind == "bars" or first == last:
        last += pace  # a bar is as wide as its time is long
    canvas = Canvas(width, height, max(map(len, labels)) * LETTER + 12, first, last, ticks[-1])
    marks = _bars if figure.kind == "bars" else _line
    titles = [_moment(moment, pace, locale, timezone) for moment in figure.moments]
    drawn = [
        *(_value_axis(canvas, tick, label) for tick, label in zip(ticks, labels, strict=True)),
        *_time_axis(canvas, figure, pace, locale, timezone),
        *(
            mark
            for number, series in reversed(list(enumerate(figure.series, 1)))
            for mark in marks(canvas, figure.moments, series, number, pace)
        ),
        *_hover(canvas, figure, pace, [_told(figure, at, write, locale) for at in range(len(titles))], titles),
    ]
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(name, width, height, width, height, figure.title, Markup("").join(drawn))


def value_ticks(largest: float, unit: Unit) -> list[float]:
    """The values an axis names: from nothing to at least the largest, in steps one can count in."""
    if largest < LEAST:
        return [0, 1]
    rough = largest / 4
    power = 10 ** floor(log10(rough))
    step = next(factor * power for factor in STEPS if factor * power >= rough * 0.999)
    if unit != "percent":
        step = max(step, 1)
    return [round(number * step, 10) for number in range(ceil(largest / step) + 1)]


def table(figure: Figure, language: str, timezone: str) -> list[list[str]]:
    """The same in rows: the moment, and the value of each series."""
    locale, pace = readable.LOCALES[language], _pace(figure.moments)
    write = UNITS[figure.unit]
    return [
        [_moment(moment, pace, locale, timezone), *(write(locale, series.values[at]) for series in figure.series)]
        for at, moment in enumerate(figure.moments)
    ]


def _pace(moments: Sequence[int]) -> int:
    """The seconds from one moment to the next."""
    return moments[1] - moments[0] if len(moments) > 1 else DAY


def _value_axis(canvas: Canvas, tick: float, label: str) -> Markup:
    y = canvas.y(tick)
    return Markup(
        '<line class="figure-grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="figure-label" x="{}" y="{}" text-anchor="end">{}</text>'
    ).format(canvas.left, canvas.width - RIGHT, y, y, canvas.left - 8, y + 4, label)


def _time_axis(canvas: Canvas, figure: Figure, pace: int, locale: str, timezone: str) -> list[Markup]:
    """As many moments as have room beside one another."""
    room = max(1, floor((canvas.width - canvas.left) / 76))
    every = max(1, ceil(len(figure.moments) / room))
    half = pace / 2 if figure.kind == "bars" else 0
    return [
        Markup('<text class="figure-label" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            min(max(canvas.x(moment + half), canvas.left + 16), canvas.width - 24),
            canvas.height - 8,
            _moment(moment, pace, locale, timezone),
        )
        for moment in figure.moments[every // 2 :: every]
    ]


def _line(canvas: Canvas, moments: Sequence[int], series: Series, number: int, _pace: int) -> list[Markup]:
    points = " ".join(f"{canvas.x(at)},{canvas.y(value)}" for at, value in zip(moments, series.values, strict=True))
    return [Markup('<polyline class="figure-line figure-series-{}" points="{}"/>').format(number, points)]


def _bars(canvas: Canvas, moments: Sequence[int], series: Series, number: int, pace: int) -> list[Markup]:
    inset = 0.22 if number == 1 else 0.1  # what is compared with stands behind, a little wider
    width = canvas.x(canvas.first + pace) - canvas.left
    return [
        Markup('<rect class="figure-bar figure-series-{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>').format(
            number,
            round(canvas.x(at) + width * inset, 1),
            min(canvas.y(value), canvas.base - SHORTEST_BAR),
            round(width * (1 - 2 * inset), 1),
            round(max(canvas.base - canvas.y(value), SHORTEST_BAR), 1),
        )
        for at, value in zip(moments, series.values, strict=True)
        if value
    ]


def _hover(canvas: Canvas, figure: Figure, pace: int, told: Sequence[str], titles: Sequence[str]) -> list[Markup]:
    """A strip for each moment that tells its values when the pointer rests on it."""
    shift = 0 if figure.kind == "bars" else pace / 2
    strips = []
    for moment, text, title in zip(figure.moments, told, titles, strict=True):
        begin = max(canvas.left, canvas.x(moment - shift))
        width = round(min(canvas.width - RIGHT, canvas.x(moment - shift + pace)) - begin, 1)
        strips.append(
            Markup(
                '<rect class="figure-hover" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>'
            ).format(begin, TOP, width, canvas.base - TOP, title, text)
        )
    return strips


def _told(figure: Figure, at: int, write: Callable[[str, float], str], locale: str) -> str:
    values = [write(locale, series.values[at]) for series in figure.series]
    if len(values) == 1:
        return values[0]
    return ", ".join(f"{value} {series.label}" for series, value in zip(figure.series, values, strict=True))


def _moment(at: int, pace: int, locale: str, timezone: str) -> str:
    skeleton = "Hm" if pace < DAY else "MMMd" if pace < 28 * DAY else "yMMM"
    zone = get_timezone(timezone)
    return format_skeleton(skeleton, datetime.fromtimestamp(at, zone), tzinfo=zone, locale=locale)
