"""Sphinx extension: the reference of the library, made of its docstrings.

The pages `chapters/api-*.md` name the modules; autodoc, napoleon and viewcode do the rest. Our
docstrings are written to be read in a terminal: a name in backticks becomes a link where it is one
of the library's, and what is set in from its paragraph, an equation or a table, stays as it stands.
"""

import argparse
import ast
import inspect
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import unrolled
from docutils import nodes
from numpy.typing import ArrayLike, DTypeLike
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.domains.python import PythonDomain, PyXRefRole
from sphinx.ext.autodoc import ModuleDocumenter, ObjectMember
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inventory import InventoryFile
from sphinx.util.typing import stringify_annotation
from unrolled import cli

from bindery.editions import edition

PACKAGE = "unrolled"
ROLE = "name"
SIGN = "code-block:: text"
ALIASES = {
    stringify_annotation(kind, "smart"): word
    for kind, word in ((ArrayLike, "ArrayLike"), (DTypeLike, "DTypeLike"))
}
NESTED = re.compile(r"``([^`]*`[^`]*`) ``")
CODE = re.compile(r"(``.+?``(?!`)|`[^`]+`)")
NAMED = re.compile(r"^\.\. automodule:: (\S+)$", re.MULTILINE)


class Name(PyXRefRole):
    """A name in backticks: a link if the library has it, else plain code."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Make a reference that need not lead anywhere."""
        self.name = "py:obj"
        made, messages = super().run()
        made[0]["may_miss"] = True  # type: ignore[index]
        return made, messages


class Modules(SphinxDirective):
    """The modules that a page explains, each with the first line of its docstring."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the page's source and the modules': nothing is imported."""
        folder = Path(self.env.doc2path(self.env.docname)).parent
        page = folder / f"{self.arguments[0]}.md"
        self.env.note_dependency(str(page))
        lines = []
        for module in NAMED.findall(page.read_text(encoding="utf-8")):
            source = source_of(module)
            self.env.note_dependency(str(source))
            told = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
            lines.append(f"- {{py:mod}}`{module}`: {told.splitlines()[0]}")
        return self.parse_text_to_nodes("\n".join(lines))


class Named(SphinxDirective):
    """Stands for autodoc's directive where the reference is not shown: it only says what is here.

    So a chapter's link to a function finds its page, and nothing needs to be imported.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Tell Sphinx where the names are."""
        place, domain = self.arguments[0], cast(PythonDomain, self.env.get_domain("py"))
        domain.note_module(place, f"module-{place}", "", "", deprecated=False)
        domain.note_object(place, "module", f"module-{place}")
        for name, kind in offered(source_of(place), place):
            domain.note_object(name, kind, name)
        return []


class OwnNames(ModuleDocumenter):
    """A module's functions and classes, and those of its values that a comment `#:` explains.

    Sphinx would look at all values, and for its log print each, which SymPy takes long to do.
    """

    def get_object_members(self, want_all: bool) -> tuple[bool, list[ObjectMember]]:
        """Return what is documented."""
        path = source_of(self.fullname)
        told = self.analyzer.attr_docs if self.analyzer else ()
        names = {name.split(".")[-1] for name, _ in offered(path, self.fullname)}
        names |= {name for place, name in told if not place}
        return True, [m for name, m in self.get_module_members().items() if name in names]


class Commands(SphinxDirective):
    """What `unrolled COMMAND --help` says, of every command."""

    def run(self) -> list[nodes.Node]:
        """Ask the parser itself."""
        self.env.note_dependency(cli.__file__)
        made = []
        for name, command in commands().items():
            title, told = f"unrolled {name}", help_of(command)
            section = nodes.section(ids=[f"command-{name}"], names=[title])
            section += nodes.title("", "", nodes.literal("", title))
            section += nodes.literal_block(told, told, language="text")
            made.append(section)
        return made


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands, by their names."""
    actions = cli.parser()._actions
    return next(dict(a.choices) for a in actions if isinstance(a, argparse._SubParsersAction))


def help_of(command: argparse.ArgumentParser) -> str:
    """Return a command's help as a terminal of ordinary width shows it."""
    command.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=76)
    return command.format_help()


def source_of(module: str) -> Path:
    """Return the file of one of the library's modules."""
    place = Path(unrolled.__file__).parents[1].joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def leave_plain(
    app: Sphinx, env: Any, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.TextElement | None:
    """Show a name that is not the library's as the code that it is."""
    return content if node.get("may_miss") else None


def set_off(app: Sphinx, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Read a docstring as Markdown's light form, and a value's type is no docstring of it."""
    if what == "property":
        lines[:0] = ["..", ""]  # else napoleon takes what stands before a colon for a type
    if what == "data" and "\n".join(lines).strip() == (inspect.getdoc(type(of)) or "").strip():
        lines.clear()
    lines[:] = with_code(lines)


def with_code(lines: Iterable[str]) -> Iterator[str]:
    """Yield a docstring's lines for Sphinx, with a sign before each block that is set in.

    >>> print(*with_code(["The ends are", "", "    p ± z", "", "where", "    p is …"]), sep="|")
    The ends are||.. code-block:: text||    p ± z||where|    p is …
    """
    level, above, inside = 0, "", False
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if line.strip():
            inside = inside and depth > level
            if not inside and not above.strip() and depth > level:
                yield from (f"{' ' * level}.. {SIGN}", "")
                inside = True
            level = level if inside else depth
        above = line
        yield line if inside else prose(line)


def prose(line: str) -> str:
    r"""Write a line of text as Sphinx wants it: absolute values, and backticks within code.

    >>> print(prose("``{eq}`eq-one` `` has |a| - `|b|`"))
    ``{eq}`eq-one``` has \|a\| - `|b|`
    """
    line = NESTED.sub(r"``\1``", line)
    pieces = CODE.split(line)
    pieces[::2] = [piece.replace("|", r"\|") for piece in pieces[::2]]
    return "".join(pieces)


def shorten(
    app: Sphinx,
    what: str,
    name: str,
    of: Any,
    options: Any,
    arguments: str | None,
    gives: str | None,
) -> tuple[str | None, str | None]:
    """Write NumPy's types of whatever it accepts by their names, not by their ten alternatives."""
    for known, word in ALIASES.items():
        arguments = arguments and arguments.replace(known, word)
    return arguments, gives


def skip(app: Sphinx, what: str, name: str, of: Any, left_out: bool, options: Any) -> bool | None:
    """Leave out the fields of named tuples, of which Python only says that they are fields."""
    bare = str(getattr(of, "__doc__", "")).startswith("Alias for field number")
    return True if bare else None


def public_names(code: Path) -> list[str]:
    """List what the library offers: modules, functions, classes and their methods, in full.

    Found in the sources, of which nothing is imported. A name that begins with an underscore is not
    offered, nor what is in it.

    Args:
        code: the folder that holds the library.
    """
    found = []
    for path in sorted((code / PACKAGE).rglob("*.py")):
        parts = path.relative_to(code).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        if "._" not in module:
            found += [module, *dict(offered(path, module))]
    return found


def offered(path: Path, module: str) -> Iterator[tuple[str, str]]:
    """Yield the functions, classes and methods of a module, in full, and what Sphinx calls them."""
    yield from _offered(ast.parse(path.read_text(encoding="utf-8")), module)


def _offered(tree: ast.Module | ast.ClassDef, place: str) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        name = f"{place}.{getattr(node, 'name', '_')}"
        if "._" in name:
            continue
        if isinstance(node, ast.ClassDef):
            yield name, "class"
            yield from _offered(node, name)
        elif isinstance(node, ast.FunctionDef):
            yield name, "function" if isinstance(tree, ast.Module) else "method"


def left_out(site: Path, code: Path) -> list[str]:
    """List, a sentence each, the public names that a built site does not explain.

    Args:
        site: the folder of the pages.
        code: the folder that holds the library.
    """
    inventory = site / "objects.inv"
    if not inventory.is_file():
        return [f"No {inventory}: run `make book` first."]
    with inventory.open("rb") as file:
        told = InventoryFile.load(file, "", lambda base, path: path)
    known = {name for kind, names in told.items() if kind.startswith("py:") for name in names}
    return [
        f"not in the reference: {name}: expected it on one of the pages chapters/api-*.md"
        for name in public_names(code)
        if name not in known
    ]


def configure(app: Sphinx, config: Config) -> None:
    """Say how signatures and docstrings are read."""
    # Set before autodoc loads the frameworks: their start-up messages are no part of the build.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    config.default_role = ROLE
    config.autodoc_default_options = {
        "members": True,
        "member-order": "bysource",
        "ignore-module-all": True,  # a name is explained where it is defined
    }
    config.autodoc_preserve_defaults = True
    config.add_module_names = False
    config.python_maximum_signature_line_length = 60
    # Hundreds of names in the contents of every page would take longer than the rest of the build.
    config.toc_object_entries = False
    config.html_sidebars = {"_modules/**": []}
    config.napoleon_numpy_docstring = False
    config.napoleon_use_ivar = True
    config.napoleon_attr_annotations = False  # the signature has them
    config.napoleon_custom_sections = ["Source"]
    # Other libraries' names lead nowhere: the book is read without a network.
    config.nitpick_ignore_regex = [("py:.*", rf"(?!{PACKAGE}\.).*|.*\._.*")]


def leave_out(app: Sphinx) -> None:
    """Read no docstrings for paper and notebooks, which do not show them."""
    if app.builder.format != "html":
        app.add_directive("automodule", Named, override=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    if edition() != "student":  # who is asked to write a cell need not be shown the library's
        app.setup_extension("sphinx.ext.viewcode")
    app.add_role(ROLE, Name())
    app.add_directive("modules", Modules)
    app.add_directive("commands", Commands)
    app.add_autodocumenter(OwnNames, override=True)
    app.connect("config-inited", configure, priority=100)
    app.connect("builder-inited", leave_out)
    app.connect("autodoc-process-docstring", set_off, priority=100)  # before napoleon
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-skip-member", skip)
    app.connect("missing-reference", leave_plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
