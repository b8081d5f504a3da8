"""`bindery.social`: each page is described in words, and the sitemap lists the pages."""

import re
from pathlib import Path

import pytest
from bindery import social
from bindery.build import output_folder
from bindery.execute import main
from bs4 import BeautifulSoup
from unrolled import assignments

ROOT = Path(__file__).parents[2]
SITE = output_folder(ROOT, assignments.profile().name) / "html"
WORDS = "A network of one unit reads bits, and what it keeps of them is its state."
OWN = "What a page of the book says of itself where it is shared or found, in fifty signs or more."


def test_a_page_is_described_by_its_front_matter_or_its_first_words(book):
    book.page("a", f"# A\n\n$$h^2$$\n\nThe state $h_t$ is kept. {WORDS}\n")
    book.page("b", f"---\ndescription: {OWN}\n---\n\n# B\n\n{WORDS}\n")
    assert main(["--root", str(book.root)]) == 0
    pages = book.html()
    for name, text in (("a", f"The state is kept. {WORDS}"), ("b", OWN)):
        for meta in ('[name="description"]', '[property="og:description"]'):
            assert [tag["content"] for tag in pages[name].select(f"meta{meta}")] == [text]
        assert pages[name].select_one('meta[property="og:site_name"]')["content"] == "Unrolled"
    assert not pages["a"].select('meta[property="og:image"]')
    site = book.build().output / "html"
    listed = re.findall(r"<loc>(.*?)</loc>", (site / "sitemap.xml").read_text())
    address = "https://OWNER.github.io/unrolled/"
    assert set(listed) == {f"{address}{n}.html" for n in ("intro", "a", "b")}


def page(*contents):
    tags = '<meta property="og:url" content="x"/>'
    tags += "".join(f'<meta name="description" content="{c}"/>' for c in contents)
    tags += f'<meta property="og:description" content="{WORDS}"/>'
    return {Path("p.html"): BeautifulSoup(tags, "html.parser")}


def test_a_good_description_passes():
    assert social.faults_of_descriptions(page(WORDS)) == []


@pytest.mark.parametrize(
    "contents",
    [(), (WORDS, WORDS), ("Short.",), (WORDS * 3,), (f"{WORDS} $h$",), (f"{WORDS} \\tanh",)],
    ids=["none", "two", "short", "long", "dollar", "backslash"],
)
def test_a_bad_description_is_found(contents):
    assert len(social.faults_of_descriptions(page(*contents))) == 1


def test_a_page_that_sphinx_makes_needs_no_description():
    assert (
        social.faults_of_descriptions({Path("search.html"): BeautifulSoup("", "html.parser")}) == []
    )


@pytest.mark.html
@pytest.mark.skipif(not SITE.exists(), reason="the book is not built: run `make book`")
def test_every_chapter_is_listed():  # that every page is described, `make check` says
    listed = (SITE / "sitemap.xml").read_text()
    chapters = [path.stem for path in (ROOT / "chapters").glob("*.md")]
    assert not [name for name in chapters if f"/chapters/{name}.html</loc>" not in listed]
    assert "_modules" not in listed
