"""The contrast of the stylesheet's colours in both themes (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from alpage.web.design.assets import WEB

STYLE = (WEB / "design" / "style.css").read_text()
BLOCKS = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2], strict=True))
TEXT, EDGES = 4.5, 3.0

GROUNDS = ("paper", "raised", "sunk")
ON_GROUND = ("ink", "quiet", "accent", "accent-strong", "good", "warning", "danger")
PAIRS = [
    *((text, ground) for text in ON_GROUND for ground in GROUNDS),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-danger", "danger"),
    ("on-danger", "danger-strong"),
    *((text, f"{kind}-wash") for kind in ("accent", "good", "warning", "danger") for text in (kind, "ink")),
]


def colours(theme):
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", BLOCKS[theme]))


def luminance(colour):
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", BLOCKS)
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(theme, text, ground):
    known = colours(theme)
    assert contrast(known[text], known[ground]) >= TEXT


@pytest.mark.parametrize("theme", BLOCKS)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("mark", ["edge", "accent", "danger"])
def test_edges_can_be_seen(theme, mark, ground):
    known = colours(theme)
    assert contrast(known[mark], known[ground]) >= EDGES


def test_both_themes_have_the_same_colours():
    assert colours("light").keys() == colours("dark").keys()


def test_colours_stand_at_the_top_only():
    rules = STYLE.split("/* 2 Ground */")[1]
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(", rules)


def test_every_value_that_is_used_exists():
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", STYLE)) == set(
        re.findall(r"^\s*--([a-z0-9-]+):", STYLE, re.MULTILINE)
    )


def test_the_colour_of_the_browsers_frame_is_the_papers():
    base = (WEB / "design" / "base.html").read_text()
    for theme in BLOCKS:
        assert f'content="{colours(theme)["paper"]}" media="(prefers-color-scheme: {theme})"' in base
