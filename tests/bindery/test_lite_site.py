"""The parts of the site that runs notebooks in the browser, with stand-ins for npm and wheels."""

import hashlib
import tarfile

import pytest
from bindery import lite_site
from bindery.lite_site import ADDRESS, LiteError, fetch_pyodide, integrity, shipped, write_list


def package(*depends, name="", imports=()):
    return {
        "file_name": f"{name}-1-py3-none-any.whl",
        "depends": list(depends),
        "sha256": "theirs",
    } | {
        "imports": list(imports),
        "version": "1",
    }


PACKAGES = {
    "ipython": package("prompt_toolkit", name="ipython", imports=["IPython"]),
    "prompt-toolkit": package("wcwidth", name="prompt_toolkit"),
    "wcwidth": package(name="wcwidth"),
    "jedi": package(name="jedi"),
    "micropip": package(name="micropip"),
    "packaging": package(name="packaging"),
    "matplotlib-inline": package(name="matplotlib_inline", imports=["matplotlib_inline"]),
    "sympy": package("mpmath", name="sympy", imports=["sympy", "isympy"]),
    "mpmath": package(name="mpmath", imports=["mpmath"]),
    "numpy": package(name="numpy", imports=["numpy"]),
    "matplotlib": package("numpy", name="matplotlib", imports=["matplotlib", "pylab"]),
}


def test_the_site_brings_what_it_ships_with_all_that_depends_on():
    assert shipped(PACKAGES) == sorted(set(PACKAGES) - {"numpy", "matplotlib"})


def test_what_the_site_brings_is_its_own_and_the_rest_has_an_address(tmp_path):
    for name in ("prompt_toolkit-1-py3-none-any.whl", "unrolled-0.1.0-py3-none-any.whl"):
        (tmp_path / name).write_bytes(name.encode())
    listed = write_list(PACKAGES, tmp_path)
    ours = listed["prompt-toolkit"]
    assert ours["file_name"] == "prompt_toolkit-1-py3-none-any.whl"
    assert ours["sha256"] == hashlib.sha256(ours["file_name"].encode()).hexdigest()
    assert ours["depends"] == ["wcwidth"]
    assert listed["numpy"]["file_name"] == ADDRESS + "numpy-1-py3-none-any.whl"
    assert listed["numpy"]["sha256"] == "theirs"
    library = listed["unrolled"]
    assert (library["version"], library["imports"]) == ("0.1.0", ["unrolled"])
    assert library["depends"] == ["filelock", "sympy"]


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """An npm that packs what it is given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in (*lite_site.FILES, lite_site.LIST):
        (folder / name).write_text('{"packages": {}}')
    packed = folder / "pyodide.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        for name in (*lite_site.FILES, lite_site.LIST):
            archive.add(folder / name, f"package/{name}")
    (folder / "npm").write_text(f"#!/bin/sh\n/bin/cp {packed} .\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return packed


def test_pyodide_is_taken_only_with_the_known_digest(npm, tmp_path, monkeypatch):
    with pytest.raises(LiteError, match=r"expected sha512-BKDTJy.*, got sha512-"):
        fetch_pyodide(tmp_path)
    assert not (tmp_path / "pyodide.mjs").exists()
    monkeypatch.setattr(lite_site, "INTEGRITY", integrity(npm))
    assert fetch_pyodide(tmp_path) == {"packages": {}}
    assert (tmp_path / "pyodide.mjs").is_file()


def test_npm_that_fetches_nothing_is_one_sentence(npm, tmp_path):
    npm.parent.joinpath("npm").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(LiteError, match=r"^npm could not fetch pyodide .*\?$"):
        fetch_pyodide(tmp_path)


def test_without_npm_the_remedy_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LiteError, match="apt install npm"):
        fetch_pyodide(tmp_path)


def test_without_notebooks_one_sentence_and_no_site(tmp_path, capsys):
    assert lite_site.main([str(tmp_path), str(tmp_path / "out")]) == 1
    assert "expected notebooks, got none" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
