"""What is written for code hosts and has to work on the site, too: links to files of the repository, centred pictures.

A code host shows the file that a page links to. Here each source file has a page of its own, each folder a list, and
each entry of the reference a link to the line where it begins.
"""

import inspect
import re
from collections.abc import Iterator
from html import escape
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
FOLDERS = ["tinygrad_lite", "nn", "examples", "tests", "benchmarks"]
LANGUAGES = {".py": "python", ".js": "javascript", ".css": "css", ".html": "html", ".md": "markdown", ".toml": "toml"}
CENTRED = re.compile(r'<p align="center">(<img [^>]*>)</p>')


def as_read(app: Sphinx, name: str, source: list[str]) -> None:
    """An <img> by itself is found and copied (site.css centres it). A doctest's last, empty line is left out."""
    source[0] = re.sub(r"\n\n(?=```$)", "\n", CENTRED.sub(r"\1", source[0]), flags=re.MULTILINE)


def linked(app: Sphinx, document: nodes.document) -> None:
    """A link to a file or folder leads to its page."""
    for kind in (addnodes.download_reference, addnodes.pending_xref):
        for link in list(document.findall(kind)):
            if link.get("reftype") != "myst" or link.get("refdomain"):
                continue
            path = Path(app.env.relfn2path(link["reftarget"])[1]).resolve()
            if path.is_relative_to(ROOT) and path.exists():
                address = app.builder.get_relative_uri(app.env.docname, page(path))
                link.replace_self(nodes.reference("", "", *link.children, internal=True, refuri=address))


def line_of_entry(domain: str, entry: dict[str, str]) -> str | None:
    """Where an entry of reference/*.md begins, seen from there."""
    try:
        thing = attrgetter(entry["fullname"])(import_module(entry["module"]))
        thing = inspect.unwrap(getattr(thing, "fget", thing))  # of a property, its function
        path, line = Path(inspect.getfile(thing)), inspect.getsourcelines(thing)[1]
    except (AttributeError, TypeError):
        return None  # a field
    return f"../{page(path)}.html#line-{line}" if path.is_relative_to(ROOT) else None


def page(path: Path) -> str:
    """The name of the page that shows a path of the repository."""
    return f"source/{path.relative_to(ROOT).as_posix()}"


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The pages of all files and folders."""
    files = [path for path in ROOT.iterdir() if path.suffix in LANGUAGES]
    for folder in FOLDERS:
        files += [path for path in (ROOT / folder).rglob("*") if path.suffix in LANGUAGES]
    for path in files:
        text, language = path.read_text(encoding="utf-8"), LANGUAGES[path.suffix]
        body = app.builder.highlighter.highlight_block(text, language, force=True, lineanchors="line")  # type: ignore[attr-defined]
        yield page(path), titled(path, body), "page.html"
    for place in {path.parent for path in files} - {ROOT}:
        names = sorted({path.name for file in files for path in (file, file.parent) if path.parent == place})
        links = [f'<li><a href="{place.name}/{name}.html">{escape(name)}</a></li>' for name in names]
        yield page(place), titled(place, f"<ul>{''.join(links)}</ul>"), "page.html"


def titled(path: Path, body: str) -> dict[str, Any]:
    name = escape(path.relative_to(ROOT).as_posix())
    return {"title": name, "body": f'<h1 class="source">{name}</h1>{body}'}


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", as_read)
    app.connect("doctree-read", linked, priority=100)  # before Sphinx collects what is to be downloaded
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True}
