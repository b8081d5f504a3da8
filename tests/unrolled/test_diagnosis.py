"""`unrolled doctor`: what is here, what is missing, and remedies that mend it when they are run."""

import gzip
import hashlib
import json
import shlex
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from unrolled import cli, diagnosis, mnist, store

pytestmark = pytest.mark.usefixtures("alone")

PIP = shlex.join([sys.executable, "-m", "pip", "install"])
RECORD = {
    "cache": "_build/cache/cpu-1",
    "commit": "abc1234",
    "reaches": {"a": "1", "b": "2"},
    "chapters": {"a": {"finished": "2026-11-22T10:00:00+0000"}},
}


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Ask no framework, and stand in a folder that is no checkout."""
    monkeypatch.setattr(diagnosis, "PROBES", {"torch": "print('A card')", "tensorflow": ""})
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def images(tmp_path, monkeypatch):
    """A folder with four files that count as MNIST's."""
    folder = tmp_path / "images"
    folder.mkdir()
    content = bytes([0, 0, 8, 1, 0, 0, 0, 1, 7])
    for name in mnist.SHA256:
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(mnist, "SHA256", dict.fromkeys(mnist.SHA256, digest))
    return folder


def doctor(capsys):
    """Return the exit status, and the items by their names."""
    status = cli.main(["doctor", "--json"])
    return status, {item["name"]: item for item in json.loads(capsys.readouterr().out)}


def test_nothing_is_missing(capsys, monkeypatch, images):
    monkeypatch.setenv("UNROLLED_DATA", str(images))
    status, items = doctor(capsys)
    assert status == 0, items
    assert not [name for name, item in items.items() if item["remedy"] and not item["optional"]]
    assert items["numpy"]["found"] == np.__version__
    assert items["torch on"]["found"].startswith("cuda: A card (asked in ")
    assert items["tensorflow on"]["found"].startswith("CPU, no CUDA device (asked in ")
    assert items["profile"]["found"] == "smoke"
    assert "chapters" not in items
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("Nothing is missing.\n")


def test_a_needed_package_counts_as_missing_and_an_optional_one_does_not(monkeypatch, capsys):
    monkeypatch.setattr(diagnosis, "distribution", lambda package: "")
    status, items = doctor(capsys)
    assert status == 1
    assert items["torch"]["remedy"] == f"{PIP} 'unrolled[torch]'"
    assert items["keras"]["remedy"] == f"{PIP} 'unrolled[tensorflow]'"
    assert items["sympy"]["remedy"] == f"{PIP} sympy"
    assert items["numba"]["remedy"] == f"{PIP} 'unrolled[fast]'"
    assert items["numba"]["optional"]
    assert items["devices"]["remedy"] == ""
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert f"mend it by: {PIP} 'unrolled[torch]'" in said
    assert said.endswith("7 to be mended.\n")  # six packages and MNIST


def test_a_framework_that_cannot_be_loaded_is_installed_again(monkeypatch):
    item = diagnosis.device("torch", "print('noise'); raise ImportError('libx.so: no such file')")
    assert item.found == "cannot be loaded: ImportError: libx.so: no such file"
    exact = f"{diagnosis.distribution('torch')}=={diagnosis.version('torch')}"
    assert item.remedy == f"{PIP} --force-reinstall --no-deps {exact}"
    crash = diagnosis.device("torch", "import os; os._exit(7)")
    assert crash.found == "cannot be loaded: exit status 7"


def test_the_remedy_for_missing_or_damaged_images_mends_them(images, monkeypatch, tmp_path, capsys):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(images))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(mnist, "MIRRORS", [f"http://127.0.0.1:{server.server_port}"])
        status, items = doctor(capsys)
        assert status == 1
        assert items["data"]["remedy"] == "UNROLLED_OFFLINE= unrolled data --download"
        assert cli.main(["data", "--download"]) == 2
        assert "UNROLLED_OFFLINE" in capsys.readouterr().err
        monkeypatch.setenv("UNROLLED_OFFLINE", "")
        assert doctor(capsys)[1]["data"]["remedy"] == "unrolled data --download"
        assert not diagnosis.folder_of_data().exists()  # the doctor fetches nothing
        named = tmp_path / "named"
        monkeypatch.setenv("UNROLLED_DATA", str(named))
        for wrong in (None, b"\0\0\x08\x01\0\0\0\2"):  # not there; cut short
            if wrong:
                (named / "t10k-labels-idx1-ubyte.gz").write_bytes(wrong)
            status, items = doctor(capsys)
            assert status == 1, wrong
            assert cli.main(shlex.split(items["data"]["remedy"])[1:]) == 0
            assert capsys.readouterr().out.startswith(f"MNIST from {named}")
            assert doctor(capsys)[0] == 0
        server.shutdown()


def test_damaged_runs_are_counted_and_the_remedy_removes_just_them(capsys):
    folder = store.folder_of_store()
    for name in ("good one", "cut short", "no arrays"):
        store.write(folder / name, {"a": 1}, {"x": np.arange(9)})
    whole = (folder / "cut short" / "arrays.npz").read_bytes()
    (folder / "cut short" / "arrays.npz").write_bytes(whole[:-9])
    (folder / "no arrays" / "arrays.npz").unlink()
    status, items = doctor(capsys)
    assert status == 1
    assert items["runs"]["found"].startswith(f"3 stored in {folder}, 0.0 MB, 2 damaged")
    subprocess.run(items["runs"]["remedy"], shell=True, check=True)
    found = doctor(capsys)[1]["runs"]
    assert (found["found"], found["remedy"]) == (f"1 stored in {folder}, 0.0 MB", "")


def test_a_store_that_cannot_be_written_gets_another_folder(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("UNROLLED_RUNS", str(tmp_path / "file"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    item = doctor(capsys)[1]["runs"]
    assert "not writable" in item["found"]
    name, _, value = item["remedy"].removeprefix("export ").partition("=")
    monkeypatch.setenv(name, shlex.split(value)[0])
    assert doctor(capsys)[1]["runs"]["remedy"] == ""


def test_an_unknown_profile_is_named_and_mended(capsys, monkeypatch):
    monkeypatch.setenv("UNROLLED_PROFILE", "big")
    item = doctor(capsys)[1]["profile"]
    assert "big" in item["found"]
    name, value = item["remedy"].removeprefix("export ").split("=")
    monkeypatch.setenv(name, value)
    assert doctor(capsys)[1]["profile"] == {**item, "found": "cpu", "remedy": ""}


def test_in_a_checkout_the_build_is_described(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    (tmp_path / "code" / "bindery").mkdir(parents=True)
    (tmp_path / "_toc.yml").touch()

    def chapters():
        item = doctor(capsys)[1]["chapters"]
        assert item["optional"]
        return item["found"], item["remedy"]

    assert chapters() == ("none executed yet", "make book PROFILE=cpu")
    record = tmp_path / "_build" / "execution.json"
    record.parent.mkdir()
    for damaged in ("{", "[]", "{}"):
        record.write_text(damaged)
        assert "execution.json is damaged" in chapters()[0]
    record.write_text(json.dumps(RECORD))
    assert chapters()[0].startswith("none of 2 kept: ")
    cache = tmp_path / "_build" / "cache" / "cpu-1"
    cache.mkdir(parents=True)
    (cache / "global.db").touch()
    found, remedy = chapters()
    assert found == ("1 of 2 kept, the last executed 2026-11-22T10:00:00+0000, of commit abc1234")
    assert remedy
    whole = RECORD | {"chapters": dict.fromkeys("ab", RECORD["chapters"]["a"]), "commit": ""}
    record.write_text(json.dumps(whole))
    assert chapters() == ("2 of 2 kept, the last executed 2026-11-22T10:00:00+0000", "")
    items = doctor(capsys)[1]
    assert items["pages"]["remedy"] == "make book PROFILE=cpu"
    assert items["book's runs"]["remedy"] == ""
    (tmp_path / "_build" / "html").mkdir()
    (tmp_path / "_build" / "html" / "index.html").touch()
    assert doctor(capsys)[1]["pages"]["remedy"] == ""
