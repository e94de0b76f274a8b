"""Follows every link of the built site: what it leads to has to be there, and nothing is loaded from elsewhere."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)
LOADED = {"img": "src", "script": "src", "iframe": "src", "link": "href"}  # without being asked


class Page(HTMLParser):
    """The links of a page, what it loads, and the names of its places."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in given}
        self.places |= {attributes[name] for name in ("id", "name") if name in attributes}
        if attributes.get(LOADED.get(tag, "")):
            self.loaded.add(attributes[LOADED[tag]])
        elif tag == "a" and attributes.get("href"):
            self.links.add(attributes["href"])


def check(app: Sphinx, error: Exception | None) -> None:
    """Warns of each link that leads nowhere."""
    if error or app.builder.format != "html":
        return
    site = Path(app.outdir)
    found = {path.resolve(): Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}
    for path, page in found.items():
        for link in sorted(page.links | page.loaded):
            if problem := wrong(link, link in page.loaded, path, found):
                log.warning("%s: %s %s", path.relative_to(site.resolve()), link, problem)


def wrong(link: str, loaded: bool, path: Path, found: dict[Path, Page]) -> str | None:
    """What is wrong with a link on the page at this path."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return "is loaded from elsewhere" if loaded and parts.scheme != "data" else None
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.exists():
        return "leads nowhere"
    if parts.fragment and target in found and unquote(parts.fragment) not in found[target].places:
        return "leads to no place on that page"
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", check, priority=900)
    return {"parallel_read_safe": True}
