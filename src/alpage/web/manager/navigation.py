"""Where one can go: the pages of the side bar. The search finds the same pages by their names."""

from dataclasses import dataclass

from alpage.web.design.parts import Link, Section
from alpage.web.manager.surface import Visit
from alpage.web.translations.catalogues import N_


@dataclass(frozen=True, slots=True)
class Entry:
    """A page one can go to. `below`: the paths that count as being there, the page's own by default."""

    label: str
    path: str
    icon: str
    below: tuple[str, ...] = ()

    def is_current(self, path: str) -> bool:
        """Whether a path belongs to this entry."""
        return any(path == start or path.startswith(f"{start}/") for start in self.below or (self.path,))


HERE = (Entry(N_("Home"), "/", "home", below=("/",)),)
PRODUCTS = (Entry(N_("Domains and DNS"), "/domains", "globe", below=("/domains", "/zones")),)
ORGANISATION = (
    Entry(N_("Overview"), "/account", "settings"),
    Entry(N_("Members"), "/members", "people"),
    Entry(N_("Teams"), "/teams", "list"),
    Entry(N_("Invitations"), "/invitations", "mail"),
)
PROGRAMS = (
    Entry(N_("Access tokens"), "/v3/ng/accounts/token/list", "key", below=("/v3/ng/accounts/token",)),
    Entry(N_("Applications"), "/v3/ng/accounts/applications/list", "app", below=("/v3/ng/accounts/applications",)),
    Entry(N_("Webhooks"), "/v3/ng/accounts/webhooks/list", "external", below=("/v3/ng/accounts/webhooks",)),
    Entry(N_("Limits"), "/limits", "limit"),
    Entry(N_("Requests"), "/requests", "clock"),
)
OWN = (
    Entry(N_("Profile"), "/profile", "person"),
    Entry(N_("Security"), "/security", "shield"),
    Entry(N_("Access you gave"), "/grants", "lock"),
    Entry(N_("Captured mails"), "/mails", "mail"),
    Entry(N_("Every part"), "/design", "eye"),
)
SECTIONS = (
    ("", HERE),
    (N_("Products"), PRODUCTS),
    (N_("Organisation"), ORGANISATION),
    (N_("Programs"), PROGRAMS),
)
EVERYWHERE = tuple(entry for _label, entries in (*SECTIONS, ("", OWN)) for entry in entries)


def sections(visit: Visit) -> list[Section]:
    """The sections of the side bar."""
    return [Section(visit.gettext(label) if label else "", _links(visit, entries)) for label, entries in SECTIONS]


def own(visit: Visit) -> list[Link]:
    """The pages about oneself."""
    return _links(visit, OWN)


def _links(visit: Visit, entries: tuple[Entry, ...]) -> list[Link]:
    return [link(visit, entry) for entry in entries]


def link(visit: Visit, entry: Entry) -> Link:
    """The link to an entry."""
    return Link(visit.gettext(entry.label), visit.url(entry.path), entry.icon, entry.is_current(visit.path))
