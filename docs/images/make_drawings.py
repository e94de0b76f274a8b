"""Draws the pictures of docs/drawing.md anew, from the examples in the page: `python docs/images/make_drawings.py`."""

import doctest
from pathlib import Path

HERE = Path(__file__).parent

if __name__ == "__main__":
    page = (HERE.parent / "drawing.md").read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(page, {}, "drawing.md", None, 0)
    doctest.DocTestRunner().run(test, clear_globs=False)
    for name in ("neuron", "network"):
        print("wrote", test.globs[name].save(HERE / f"drawing_{name}.svg"))
