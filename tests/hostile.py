"""Names that mean something to some language, a graph that is full of them, and what its picture must not hold."""

import xml.etree.ElementTree as ElementTree

import tinygrad_lite as tg

NASTY = [
    "",
    '"',
    "\\",
    "\\N\\G\\E\\l",
    "<b>bold</b>",
    "<<TABLE><TR><TD>x</TD></TR></TABLE>>",
    "</TD></TR></TABLE>> ]; evil [label=<",
    '"]; evil [URL="javascript:alert(1)"',
    "<script>alert(1)</script>",
    "</text></svg><script>alert(1)</script>",
    "&#0; &lt;script&gt; &amp;amp; &bogus;",
    "line one\nline two\r\n\ttab",
    "nul \0 and \x1b[31m controls \x7f \ufffe",
    "x" * 100_000,
    "😀 👨‍👩‍👧 שלום \u202eevil\u202c é",
    "lone \ud800 surrogates \udfff",
    "a:b:c {|} //comment /* */ #",
    "%s %(x)s {0} ${x}",
]


def hostile(names):
    """A graph that has these names everywhere: of leaves, boxes, operations and the result."""
    total = tg.tensor(1.0, requires_grad=True, name=names[0])
    for name in names:

        @tg.primitive(lambda g, out, x, y, setting: g * y, lambda g, out, x, y, setting: g * x)
        def own(x, y, setting):
            return x * y

        own.primitive.name = name
        with tg.scope(name), tg.scope(name):
            total = own(total, tg.tensor([1.0, 2.0], requires_grad=True, name=name), name)
            total.name = name
    return total


def harmless(svg):
    """The picture is well-formed XML in which nothing is active."""
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in {
            "svg",
            "g",
            "title",
            "polygon",
            "path",
            "ellipse",
            "text",
            "a",
            "polyline",
        }
        for attribute, value in element.attrib.items():
            local = attribute.rpartition("}")[2].lower()
            assert not local.startswith("on")
            assert local != "href"
            assert local == "title" or "javascript:" not in value.lower()
    return root
