"""The store: nothing half-written, nothing lost, the key made of what the result depends on."""

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from unrolled import store


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def made(value, calls):
    calls.append(value)
    return {"value": value}, {"a/b": np.arange(value)}


def test_made_once_then_read():
    calls = []
    for _ in range(3):
        record, arrays, _ = store.stored({"x": 1}, lambda: made(4, calls))
    assert calls == [4]
    assert record == {"value": 4}
    assert arrays["a/b"].tolist() == [0, 1, 2, 3]
    store.stored({"x": 2}, lambda: made(5, calls))
    record, *_ = store.stored({"x": 1}, lambda: made(6, calls), again=True)
    assert calls == [4, 5, 6]
    assert record == {"value": 6}


def test_interrupted_results_are_kept_where_nobody_takes_them_for_whole():
    half = store.stored({"x": 1}, lambda: ({"interrupted": True}, {"w": np.ones(2)}))
    assert store.read(half.folder)[1]["w"].tolist() == [1, 1]
    whole = store.stored({"x": 1}, lambda: ({"value": 1}, {}))
    assert whole.record == {"value": 1}
    assert whole.folder != half.folder


@pytest.mark.parametrize("name", ["record.json", "arrays.npz"])
@pytest.mark.parametrize("damage", ["cut", "other", "gone"])
def test_a_damaged_result_is_named_and_made_again(name, damage):
    kept = store.stored({"x": 1}, lambda: made(4, []))
    path = kept.folder / name
    content = path.read_bytes()
    path.write_bytes({"cut": content[: len(content) // 2], "other": b"none", "gone": b""}[damage])
    if damage == "gone":
        path.unlink()
    with pytest.raises(ValueError, match=kept.folder.name):
        store.read(kept.folder)
    again = store.stored({"x": 1}, lambda: made(5, []))
    assert again.record == {"value": 5}
    assert store.read(kept.folder)[0] == {"value": 5}


def test_a_killed_write_leaves_the_old_result(folder, monkeypatch):
    target = folder / "kept"
    store.write(target, {"value": 1}, {})

    def dies(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", dies)
    with pytest.raises(KeyboardInterrupt):
        store.write(target, {"value": 2}, {})
    assert store.read(target)[0] == {"value": 1}
    assert [f.name for f in folder.iterdir()] == ["kept"]


def test_a_run_in_the_folder_one_stands_in_is_replaced(folder, monkeypatch):
    store.write(folder / "kept", {"value": 1}, {})
    monkeypatch.chdir(folder / "kept")
    store.write(Path("."), {"value": 2}, {})
    assert store.read(folder / "kept")[0] == {"value": 2}
    assert [f.name for f in folder.iterdir()] == ["kept"]


def test_room_is_made_before_anything_is_computed(tmp_path):
    store.make_room(tmp_path / "a" / "b")
    assert list((tmp_path / "a").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"file/run: cannot be written"):
        store.make_room(tmp_path / "file" / "run")


def test_write_refuses_a_folder_with_other_things_in_it(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="holds a run, and nothing else"):
        store.write(tmp_path, {}, {})
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_second_run_waits_instead_of_making_the_same():
    started, kept = threading.Event(), []

    def slowly():
        started.set()
        time.sleep(0.3)
        return {"made by": "the first"}, {}

    first = threading.Thread(target=lambda: kept.append(store.stored({"shared": 1}, slowly)))
    first.start()
    assert started.wait(10)
    record, *_ = store.stored({"shared": 1}, lambda: pytest.fail("made twice"))
    first.join()
    assert record == kept[0].record == {"made by": "the first"}


def test_source_digest_follows_code_and_imports_but_not_words(tmp_path, monkeypatch):
    def digest(text, other="y = 1"):
        sources = {"unrolled.a": text, "unrolled.b": other}
        monkeypatch.setattr(
            store, "_source_of", lambda name, missing=None: sources.get(name, missing)
        )
        store.source_digest.cache_clear()
        return store.source_digest("unrolled.a")

    base = digest('"""Doc."""\nfrom unrolled import b\n\ndef f(x):\n    """Doc."""\n    return x\n')
    words = '"""Other."""\nfrom unrolled import b\n# why\ndef f(x):\n    "Better."\n    return x\n'
    code = '"""Doc."""\nfrom unrolled import b\n\ndef f(x):\n    """Doc."""\n    return -x\n'
    assert digest(words) == base
    assert digest(code) != base
    assert digest(words, other="y = 2") != base
    store.source_digest.cache_clear()


def test_digest_of_a_real_experiment_covers_its_cell_and_not_the_plots():
    found = []
    original = store._source_of

    def noting(name, missing=None):
        found.append(name)
        return original(name, missing)

    store.source_digest.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_source_of", noting)
        store.source_digest("unrolled.experiments.memory")
    store.source_digest.cache_clear()
    assert {"unrolled.cells", "unrolled.tasks", "unrolled.training"} <= set(found)
    assert "unrolled.plots" not in found


def test_numbers_of_numpy_become_json():
    text = json.dumps({"a": np.float32(0.5), "b": np.arange(2)}, default=store._plain)
    assert json.loads(text) == {"a": 0.5, "b": [0, 1]}
    with pytest.raises(TypeError, match="no JSON for object"):
        json.dumps(object(), default=store._plain)
