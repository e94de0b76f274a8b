"""The directive `example`: runs a program of examples/ while the site is built, and shows what came of it.

    ```{example} mnist.py --epochs 3
    ```

stands for the first words of the program's docstring, the pictures and the pages that it wrote, what it printed and
its source. It runs in an empty folder, where paths from the repository's root are found all the same; anew when it or
the library has changed since it ran there last. A program that fails fails the build, with what it printed.
"""

import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
WORK = ROOT / "output" / "gallery"
PICTURES, PAGES = {".png", ".svg"}, {".html"}
log = logging.getLogger(__name__)


class Example(SphinxDirective):
    """`example`: a program's file name and its arguments."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        name, *arguments = shlex.split(self.arguments[0])
        program = ROOT / "examples" / name
        self.env.note_dependency(str(program))
        folder = WORK / "_".join([program.stem, *(word for word in arguments if word.isalpha())])
        try:
            printed = outcome(program, arguments, folder)
        except RuntimeError as error:
            raise self.error(str(error)) from error
        written = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_mtime)
        links = {
            path: published(path, Path(self.env.app.outdir)) for path in written if path.suffix in PICTURES | PAGES
        }
        lines = [*summary(program), "", f"    python examples/{self.arguments[0]}", ""]
        lines += [*pages(links), *pictures(links)]
        lines += [*folded("What it prints", printed, "text", opened=not links)]
        lines += [*folded("The program", program.read_text(encoding="utf-8"), "python")]
        lines += [f"Source: [`examples/{name}`](../examples/{name})", ""]
        shown = nodes.container(classes=["example"])
        self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, shown)
        return shown.children


def outcome(program: Path, arguments: list[str], folder: Path) -> str:
    """What the program printed in its folder; what it wrote is there. Raises RuntimeError if it failed."""
    command = shlex.join([program.name, *arguments])
    record = folder.with_suffix(".json")  # beside the folder: the command, and what it printed
    parts = [path for place in ("tinygrad_lite", "nn", "examples") for path in (ROOT / place).rglob("*.*")]
    changed = max(path.stat().st_mtime for path in parts if path.suffix != ".pyc")
    if record.exists() and record.stat().st_mtime > changed:
        before, printed = json.loads(record.read_text(encoding="utf-8"))
        if before == command:
            return printed
    record.unlink(missing_ok=True)
    printed = run(program, arguments, folder)
    record.write_text(json.dumps([command, printed]), encoding="utf-8")
    return printed


def run(program: Path, arguments: list[str], folder: Path) -> str:
    """Runs the program in the folder, which is emptied before, with this tree's library."""
    log.info("running examples/%s %s", program.name, " ".join(arguments))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    given = [str(ROOT / word) if "/" in word and (ROOT / word).exists() else word for word in arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    if data := os.environ.get("TINYGRAD_LITE_DATA"):
        environment["TINYGRAD_LITE_DATA"] = str(Path(data).resolve())
    done = subprocess.run(
        [sys.executable, "-B", str(program), *given],
        cwd=folder,
        env=environment,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise RuntimeError(f"examples/{program.name} failed:\n{done.stdout}")
    return done.stdout.replace(f"{ROOT}{os.sep}", "")


def summary(program: Path) -> list[str]:
    """The first line of the program's docstring, and the paragraph after it if that is prose."""
    text = ast.get_docstring(ast.parse(program.read_text(encoding="utf-8"))) or ""
    return text.split("\n\n")[0].splitlines()


def published(path: Path, site: Path) -> str:
    """Copies a file that an example wrote to the site; gives the link to it."""
    link = Path("gallery-files") / path.relative_to(WORK)
    (site / link).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, site / link)
    return link.as_posix()


def pages(links: dict[Path, str]) -> list[str]:
    """Each page in a frame, and a link that opens it alone."""
    lines = []
    for path, link in links.items():
        if path.suffix in PAGES:
            lines += [
                f'<iframe class="page" loading="lazy" src="{link}" title="{words(path)}"></iframe>',
                f'<p class="alone"><a href="{link}">Open "{words(path)}" as a page of its own</a></p>',
                "",
            ]
    return lines


def pictures(links: dict[Path, str]) -> list[str]:
    """Each picture under its name, small; of one that was written in two forms, the one that stays sharp."""
    drawn = [path for path in links if path.suffix in PICTURES]
    best = {path.with_suffix(""): path for path in sorted(drawn, key=lambda path: path.suffix)}  # svg after png
    lines = []
    for path in drawn:
        if path in best.values():
            where = os.path.relpath(path, ROOT / "docs")
            lines += [f":::{{figure}} {where}", f":alt: {words(path)}", f":target: {links[path]}", words(path), ":::"]
    return ["::::{container} pictures", *lines, "::::", ""] if lines else []


def folded(title: str, text: str, language: str, opened: bool = False) -> list[str]:
    """A block of text under a title that opens it."""
    block = [f"``````{language}", *text.splitlines(), "``````"]
    return [f"<details{' open' * opened}>", f"<summary>{title}</summary>", "", *block, "", "</details>", ""]


def words(path: Path) -> str:
    return path.stem.replace("_", " ")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("example", Example)
    return {"parallel_read_safe": False}
