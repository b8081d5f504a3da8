"""`bindery.checks`: what it must catch, and what it must let pass."""

import pytest
from bindery.checks import broken_links, images_without_text, main, read_pages


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


def test_exit_status(site, capsys):
    page(site, "<img src='a.svg'>")
    assert main([str(site)]) == 1
    assert "no alt text: a.svg" in capsys.readouterr().out
    page(site, "fine")
    assert main([str(site)]) == 0


def test_an_empty_site_is_not_a_good_one(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert "make book" in capsys.readouterr().err
