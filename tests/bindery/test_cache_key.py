"""`bindery.cache_key`: a workflow's names change with what the build depends on, and only then."""

import pytest
from bindery import cache_key


def printed(book, capsys):
    assert cache_key.main(["--root", str(book.root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    return dict(line.split("=") for line in lines)


@pytest.fixture
def small(book):
    book.chapter("a", "from unrolled import tasks")
    return book


def test_names_are_those_of_the_build_s_own_cache(small, capsys):
    names = printed(small, capsys)
    assert names["restore"] == f"{small.build().cache.name}-"
    assert names["key"].removeprefix(names["restore"]).isalnum()


def test_prose_changes_neither_name(small, capsys):
    before = printed(small, capsys)
    small.chapter("a", "from unrolled import tasks", prose="Other words.")
    assert printed(small, capsys) == before


def test_a_cell_a_module_or_one_more_chapter_changes_the_key_alone(small, capsys):
    found = [printed(small, capsys)]
    small.chapter("a", "from unrolled import tasks\n1 + 1")
    found.append(printed(small, capsys))
    (small.root / "code" / "unrolled" / "tasks.py").write_text("x = 2\n")
    found.append(printed(small, capsys))
    small.chapter("b", "1 + 1")
    found.append(printed(small, capsys))
    assert len({names["key"] for names in found}) == 4
    assert len({names["restore"] for names in found}) == 1


def test_locked_versions_and_profile_change_both(small, capsys, monkeypatch):
    found = [printed(small, capsys)]
    (small.root / "constraints.txt").write_text("numpy==3\n")
    found.append(printed(small, capsys))
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    found.append(printed(small, capsys))
    assert len({names["key"] for names in found}) == 3
    assert len({names["restore"] for names in found}) == 3


def test_where_there_is_no_book_it_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    assert cache_key.main(["--root", str(tmp_path)]) == 2
    assert "expected a folder with a _toc.yml" in capsys.readouterr().err
