"""`bindery.checks`: what it must catch, and what it must let pass."""

import pytest
from bindery import checks
from bindery.checks import broken_links, images_without_text, main, read_pages
from unrolled import verify


@pytest.fixture
def site(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b c.html").write_text('<h1 id="top-é">B</h1>')
    (tmp_path / "a.svg").write_text("<svg/>")
    return tmp_path


def page(site, body):
    (site / "a.html").write_text(f'<html id="root">{body}</html>', encoding="utf-8")
    return read_pages(site)


@pytest.mark.parametrize("image", ["<img src='a.svg'>", "<img alt=' ' src='a.svg'>"])
def test_image_without_text(site, image):
    assert len(images_without_text(page(site, image))) == 1


def test_image_with_text(site):
    assert images_without_text(page(site, "<img alt='A line' src='a.svg'>")) == []


@pytest.mark.parametrize(
    "link", ["nowhere.html", "sub/b%20c.html#nowhere", "#nowhere", "sub", "../a.html"]
)
def test_broken_link(site, link):
    assert len(broken_links(page(site, f"<a href='{link}'>x</a>"))) == 1


@pytest.mark.parametrize(
    "link",
    [
        "sub/b%20c.html",
        "sub/b%20c.html#top-%C3%A9",
        "#root",
        "#",
        "a.svg?v=1",
        "https://example.org/x",
        "mailto:a@example.org",
        "data:image/png;base64,x",
    ],
)
def test_link_that_arrives(site, link):
    assert broken_links(page(site, f"<a href='{link}'>x</a>")) == []


def test_missing_script_counts_as_a_broken_link(site):
    assert len(broken_links(page(site, "<script src='gone.js'></script>"))) == 1


@pytest.fixture
def alone(monkeypatch):
    """Only the pages are looked at."""
    monkeypatch.setattr(checks, "left_out", lambda site, code: [])
    monkeypatch.setattr(checks, "faults", lambda root: [])
    monkeypatch.setattr(checks, "unverified", list)
    monkeypatch.setattr(checks.numbers, "faults", lambda root: [])


def test_exit_status(site, capsys, alone):
    page(site, "<img src='a.svg'>")
    assert main([str(site)]) == 1
    assert "no alt text: a.svg" in capsys.readouterr().err
    page(site, "fine")
    assert main([str(site)]) == 0


def test_a_number_typed_by_hand_counts(site, capsys, monkeypatch, alone):
    page(site, "fine")
    assert main([str(site)]) == 0
    assert "numbers: no result is typed by hand" in capsys.readouterr().out
    monkeypatch.setattr(checks.numbers, "faults", lambda root: [f"{root.name}/a.md:3: 38 of 40"])
    assert main([str(site), "--root", "book"]) == 1
    assert capsys.readouterr().err == "book/a.md:3: 38 of 40\n"


def test_a_name_that_the_reference_leaves_out_counts(site, capsys, monkeypatch, alone):
    page(site, "fine")
    monkeypatch.setattr(checks, "left_out", lambda site, code: [f"{code}: xnor is missing"])
    assert main([str(site), "--root", "book"]) == 1
    assert capsys.readouterr().err == "book/code: xnor is missing\n"


def test_a_page_without_a_description_counts(site, capsys, alone):
    page(site, "<meta property='og:url' content='x'>")
    assert main([str(site)]) == 1
    assert "description: expected one of 50 to 200 characters" in capsys.readouterr().err


def test_an_empty_site_is_not_a_good_one_but_sources_are_looked_at(tmp_path, capsys, alone):
    assert main([str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "make book" in said.err
    assert "sources: every displayed equation comes from the table" in said.out


def test_a_fault_of_sources_or_equations_is_said_and_counts(site, capsys, monkeypatch, alone):
    page(site, "fine")
    monkeypatch.setattr(checks, "faults", lambda root: [f"{root.name}/a.md:3: by hand"])
    assert main([str(site), "--root", "book"]) == 1
    said = capsys.readouterr()
    assert said.err == "book/a.md:3: by hand\n"
    assert "pages: each is described" in said.out
    monkeypatch.setattr(checks, "faults", lambda root: [])
    monkeypatch.setattr(checks, "unverified", lambda: ["not verified: eq-x by y"])
    assert main([str(site)]) == 1
    assert "not verified: eq-x by y" in capsys.readouterr().err


GOOD = [verify.Result(e.label, c, 0.0, 1e-12, True) for e in verify.EQUATIONS for c in e.checks]


@pytest.mark.parametrize(
    ("results", "trials", "said"),
    [
        (GOOD, [], []),
        (
            GOOD[1:],
            [],
            ["not verified: eq-rnn-step by numpy_rnn: expected the check to run, it did not"],
        ),
        (
            [GOOD[0]._replace(largest_error=0.5, passed=False), *GOOD[1:]],
            [],
            ["not verified: eq-rnn-step by numpy_rnn: off by 5.0e-01, 1e-12 allowed"],
        ),
        (
            GOOD,
            [verify.Trial("eq-mse", "no 2", "torch_mse", False)],
            ["not rejected: eq-mse: no 2, by torch_mse"],
        ),
    ],
    ids=["good", "did not run", "did not pass", "a mistake passed"],
)
def test_what_is_not_verified_is_said(results, trials, said, monkeypatch):
    monkeypatch.setattr(verify, "run_all", lambda: results)
    monkeypatch.setattr(verify, "try_mistakes", lambda: trials)
    assert checks.unverified() == said


def test_a_check_that_breaks_down_is_one_sentence(monkeypatch):
    def broken():
        raise verify.EquationError("eq-x: check y broke down: no steps")

    monkeypatch.setattr(verify, "run_all", broken)
    assert checks.unverified() == ["eq-x: check y broke down: no steps"]
