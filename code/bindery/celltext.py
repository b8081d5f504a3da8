"""A page as plain Markdown for a notebook, with a mark where each code cell stands.

Lists, tables and emphasis are sphinx-markdown-builder's; here stands what is the book's own:
numbered formulas, figures and exercises, pasted numbers, boxes, and links that lead to the site.
"""

import re

from docutils import nodes
from sphinx_exercise.nodes import exercise_enumerable_node, solution_node
from sphinx_markdown_builder.contexts import IndentContext
from sphinx_markdown_builder.translator import MarkdownTranslator, pushing_context

from bindery.editions import guide_node

MARK = "†"
#: What stands in the text for a code cell, the begin of an exercise, an answer in prose.
CELL = re.compile(r"^(?:> )*⟪(cell|exercise|written) ([\w-]+)⟫$", re.MULTILINE)

#: Boxes whose titles are headings in a notebook.
HEADED = (exercise_enumerable_node, solution_node, guide_node)


class CellText(MarkdownTranslator):
    """Writes a page as Markdown, with a mark where a code cell stands."""

    def visit_container(self, node: nodes.container) -> None:
        """Put a mark in the place of a code cell, and the caption of its figure below."""
        if node.get("nb_element") != "cell_code":
            return
        self.add(f"⟪cell {node['cell_index']}⟫", prefix_eol=2, suffix_eol=2)
        for figure in node.findall(nodes.figure):
            caption = next(iter(figure.findall(nodes.caption)), None)
            if caption is not None:
                self.add(f"*Figure {self.number('figure', figure)}* ", prefix_eol=2)
                caption.walkabout(self)
                self.ensure_eol(2)
        raise nodes.SkipNode

    def depart_container(self, node: nodes.container) -> None:
        """End what is not a cell."""

    def visit_caption(self, node: nodes.caption) -> None:
        """Write a caption as a paragraph."""

    def depart_caption(self, node: nodes.caption) -> None:
        """End it."""

    def number(self, kind: str, node: nodes.Element) -> str:
        """Return the number that the page gives a figure or an exercise."""
        known = self.builder.env.toc_fignumbers.get(self.builder.current_doc_name, {}).get(kind, {})
        return ".".join(str(n) for i in node["ids"] for n in known.get(i, ()))

    def visit_inline(self, node: nodes.inline) -> None:
        """Begin a piece of text."""

    def depart_inline(self, node: nodes.inline) -> None:
        """Mark a number that was pasted from the published run."""
        if "pasted-text" in node["classes"]:
            self.add(MARK)

    def visit_math_block(self, node: nodes.math_block) -> None:
        """Write a displayed formula, with its number on the page."""
        text = node.astext().strip()
        if (r"\\" in text or "&" in text) and not text.startswith(r"\begin"):
            text = rf"\begin{{split}}{text}\end{{split}}"
        if node.get("number"):
            text += rf" \tag{{{self.equation_number(node)}}}"
        self.add(f"$$\n{text}\n$$", prefix_eol=2, suffix_eol=2)
        raise nodes.SkipNode

    def equation_number(self, node: nodes.math_block) -> str:
        """Return the number of a formula as the page has it."""
        if self.config.math_numfig and self.config.numfig:
            return self.number("displaymath", node)
        return str(node["number"])

    def visit_exercise_enumerable_node(self, node: nodes.Element) -> None:
        """Write an exercise below a heading of its own."""
        title = node.children[0].astext().strip().removeprefix("(").removesuffix(")")
        self.add(f"⟪exercise {node['label']}⟫", 2, 2)
        self.add(f"### Exercise {self.number('exercise', node)} · {title}", 2, 2)

    def depart_exercise_enumerable_node(self, node: nodes.Element) -> None:
        """Leave room for what is answered in prose."""
        if node.get("written"):
            self.add(f"⟪written {node['label']}⟫", 2, 2)

    def visit_solution_node(self, node: nodes.Element) -> None:
        """Write a solution below a heading of its own."""
        self.add("#### Solution", 2, 2)

    def depart_solution_node(self, node: nodes.Element) -> None:
        """End it."""
        self.ensure_eol(2)

    def visit_guide_node(self, node: nodes.Element) -> None:
        """Write a marking guide below a heading of its own."""
        self.add("#### Marking guide", 2, 2)

    def depart_guide_node(self, node: nodes.Element) -> None:
        """End it."""
        self.ensure_eol(2)

    def visit_literal_block(self, node: nodes.literal_block) -> None:
        """Write code, but not a solution's: that stands in the cell of the answer."""
        if "solution-code" in node["classes"]:
            raise nodes.SkipNode
        super().visit_literal_block(node)

    def visit_Admonition(self, node: nodes.Element) -> None:
        """Write any other box as a quotation."""
        self._push_context(IndentContext("> "))
        if not isinstance(node.next_node(nodes.Element), nodes.title):
            self.add(f"**{node.tagname.capitalize()}**", suffix_eol=2)

    def depart_Admonition(self, node: nodes.Element) -> None:
        """End it."""
        self._pop_context()

    visit_note = visit_warning = visit_admonition = visit_Admonition
    depart_note = depart_warning = depart_admonition = depart_Admonition

    @pushing_context
    def visit_title(self, node: nodes.title) -> None:
        """Write a heading; in a box, a line in bold, unless the box had a heading."""
        if isinstance(node.parent, HEADED):
            raise nodes.SkipNode
        if isinstance(node.parent, nodes.Admonition):
            self.add(f"**{node.astext()}**", suffix_eol=2)
            raise nodes.SkipNode
        super().visit_title(node)

    def visit_raw(self, node: nodes.raw) -> None:
        """Leave out what is meant for a web page or for LaTeX."""
        raise nodes.SkipNode

    def visit_target(self, node: nodes.target) -> None:
        """Leave out what only a page can be linked to by."""

    def _fetch_ref_uri(self, node: nodes.reference) -> str:
        """Let every reference lead to the published book."""
        if "refid" in node:
            page = self.builder.get_target_uri(self.builder.current_doc_name)
            return f"{self.config.markdown_http_base}/{page}#{node['refid']}"
        return super()._fetch_ref_uri(node)
