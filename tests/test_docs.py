"""Every example in the documentation runs and prints what it says, every link leads somewhere, nothing is missing."""

import doctest
import inspect
import re
from pathlib import Path

import pytest

import nn
import tinygrad_lite

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NEEDED_BY = {"onnx.md": ["onnx", "onnxruntime"]}  # what a page's examples use, if it may be that it is not installed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_print_what_the_page_says(page, request, monkeypatch, tmp_path):
    for judge in NEEDED_BY.get(page.name, ()):
        request.getfixturevalue(judge)
    monkeypatch.chdir(tmp_path)  # for what they write
    failed, _ = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert not failed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_what_is_there(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text):
        path, _, place = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists() and target.is_relative_to(ROOT), link
        assert not place or place in headings(target), link


def headings(page):
    """The names that code hosts give to a page's headings."""
    lines = re.findall(r"^#+ (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def reference():
    """The names that docs/reference has an entry for, and how often."""
    names = []
    for page in ROOT.glob("docs/reference/*.md"):
        module = ""
        for directive, name in re.findall(r"^\.\. (\w+):: ([\w.]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            if directive == "currentmodule":
                module = f"{name}."
            elif directive.startswith("auto"):
                names.append(name if name.startswith(("nn.", "tinygrad_lite.")) else module + name)
    return names


@pytest.mark.parametrize("package", [tinygrad_lite, nn], ids=lambda package: package.__name__)
def test_every_public_name_has_one_entry_in_the_reference(package):
    name_of_package, names = package.__name__, reference()
    public = [name for name, thing in vars(package).items() if name[0] != "_" and not inspect.ismodule(thing)]
    assert len(public) > 50
    entries = {name: names.count(f"{name_of_package}.{name}") for name in public}
    assert {name: count for name, count in entries.items() if count != 1} == {}


@pytest.mark.parametrize(
    "module", [tinygrad_lite.linalg, tinygrad_lite.fft, tinygrad_lite.special], ids=lambda module: module.__name__
)
def test_every_function_of_a_namespace_has_one_entry_in_the_reference(module):
    names = reference()
    assert [name for name in module.__all__ if names.count(f"{module.__name__}.{name}") != 1] == []


def test_every_example_is_in_the_gallery():
    gallery = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    programs = {path.name for path in ROOT.glob("examples/*.py")} - {"mnist_parts.py"}
    assert {name for name in programs if name not in gallery} == set()
