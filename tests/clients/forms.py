"""The forms of a page, as a browser reads them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

BUTTONS = {"submit", "image"}
TICKED = {"checkbox", "radio"}


@dataclass(slots=True)
class Control:
    """An input or a button of a form."""

    kind: str
    name: str
    value: str
    is_sent: bool = True  # not so a box that is not ticked
    words: str = ""  # what stands on a button


@dataclass(slots=True)
class Form:
    """A form of a page, with the absolute address it goes to."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """The names of its fields."""
        return {control.name for control in self.controls if control.name}

    def button(self, called: str) -> Control:
        """The button on which this stands, or whose value it is; AssertionError if there is none."""
        buttons = [control for control in self.controls if control.kind in BUTTONS]
        found = [button for button in buttons if called in (button.words, button.value)]
        assert found, f"no button {called!r}; there are {[button.words or button.value for button in buttons]}"
        return found[0]

    def filled(self, values: dict[str, str], button: Control | None) -> dict[str, list[str]]:
        """What it sends once these values were typed and a button was pressed; AssertionError for an unknown field."""
        assert values.keys() <= self.names, f"no field {sorted(values.keys() - self.names)}, only {sorted(self.names)}"
        sent: dict[str, list[str]] = {}
        for control in self.controls:
            is_sent = control is button if control.kind in BUTTONS else control.is_sent or control.name in values
            if is_sent and control.name:
                sent.setdefault(control.name, []).append(values.get(control.name, control.value))
        return sent


def read_forms(url: str, text: str) -> list[Form]:
    """The forms of the page at an address."""
    reader = _Reader(url)
    reader.feed(text)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._url = url
        self._open: Form | None = None
        self._button: Control | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self._url, given.get("action", ""))
            self._open = Form(action, given.get("method", "get").upper())
            self.forms.append(self._open)
        elif self._open and tag in ("input", "button", "textarea"):
            kind = given.get("type", {"input": "text", "button": "submit"}.get(tag, tag))
            value = given.get("value", "on" if kind in TICKED else "")
            control = Control(kind, given.get("name", ""), value, kind not in TICKED or "checked" in given)
            self._open.controls.append(control)
            self._button = control if tag == "button" else None

    def handle_data(self, data: str) -> None:
        if self._button:
            self._button.words = f"{self._button.words} {data.strip()}".strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "button":
            self._button = None
