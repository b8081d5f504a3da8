"""`bindery.frame`: what a page says of its build, its icons, and the page for a wrong address."""

import json
import subprocess
from urllib.parse import urlsplit

from bindery.build import revision
from bindery.checks import broken_links
from bindery.execute import main
from bindery.frame import imprint

RECORD = {
    "profile": "cpu",
    "device": "CPU (2 cores)",
    "commit_date": "2026-11-22",
    "commit": "abc1234",
}
AT = "https://github.com/someone/unrolled/"
TIMES = "(ch-execution)=\n# Times\n\n```{execution-times}\n```\n"


def test_the_imprint_says_profile_device_date_and_commit():
    said = imprint(RECORD, AT, "../times.html")
    assert said == (
        "<p>Built with the profile <code>cpu</code> on CPU (2 cores), "
        "from the sources of 2026-11-22, "
        'commit <a href="https://github.com/someone/unrolled/commit/abc1234">abc1234</a>. '
        '<a href="../times.html">Versions and times</a></p>'
    )


def test_later_changes_are_said_and_what_is_unknown_is_left_out():
    dirty = imprint(RECORD | {"commit": "abc1234 and later changes"}, AT, "")
    assert dirty.endswith('/commit/abc1234">abc1234</a> and later changes.</p>')
    for record in (RECORD | {"commit": ""}, {k: RECORD[k] for k in RECORD if k != "commit"}):
        assert "commit" not in imprint(record, AT, "")
    assert "A&amp;B" in imprint(RECORD | {"device": "A&B"}, AT, "")


def git(folder, *arguments):
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_changed_file_is_told_from_a_commit_and_from_no_commit(tmp_path):
    assert revision(tmp_path) == ""
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "a")
    short = git(tmp_path, "rev-parse", "--short", "HEAD")
    assert revision(tmp_path) == short
    (tmp_path / "a").write_text("2")
    assert revision(tmp_path) == f"{short} and later changes"


def test_every_page_has_its_foot_and_icons_and_a_wrong_address_its_page(book):
    (book.root / "chapters").mkdir()
    book.page("chapters/times", TIMES)
    assert main(["--root", str(book.root)]) == 0
    file = book.build().output / "execution.json"
    record = json.loads(file.read_text()) | {"commit": "abc1234 and later changes"}
    file.write_text(json.dumps(record))
    pages = book.html()
    links = {}
    for name in ("intro", "times", "404", "search", "genindex"):
        foot = pages[name].select_one(".extra_footer")
        assert "profile smoke on CPU" in foot.get_text(), name
        commit, links[name] = [tag["href"] for tag in foot.select("a")]
        assert commit.endswith("/OWNER/unrolled/commit/abc1234")
        assert "abc1234 and later changes." in foot.get_text()
        icons = [urlsplit(tag["href"]).path for tag in pages[name].select("link[rel=icon]")]
        assert [icon.rpartition("_static/")[2] for icon in icons] == ["favicon.png", "favicon.svg"]
    assert links["intro"] == "chapters/times.html"
    assert links["times"] == "#"
    assert links["404"] == "/unrolled/chapters/times.html"
    wrong_address(pages["404"], book.build().output / "html" / "404.html")


def wrong_address(page, path):
    """Its links start at the root of the host, and the check of links follows them."""
    found = [tag[name] for name in ("href", "src", "action") for tag in page.select(f"[{name}]")]
    own = [link for link in found if not link.startswith(("https://", "#"))]
    assert [link for link in own if not link.startswith("/unrolled/")] == []
    assert "/unrolled/chapters/times.html" in own  # the contents at the side
    assert page.select_one("article form.find")["action"] == "/unrolled/search.html"
    assert broken_links({path: page}) == []
    page.select_one("article p a")["href"] = "/unrolled/begin.html"
    (wrong,) = broken_links({path: page})
    assert wrong.endswith("broken link: /unrolled/begin.html")
