"""What Colab ships stays as it is: pip's plan is read rightly, and a wrong one is refused."""

import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from bindery import environments
from bindery.environments import Requirement

ROOT = Path(__file__).parents[2]
PINS = ROOT / environments.PINS
SHIPPED = environments.read_pins(PINS)


def item(name, version, *wants, extras=()):
    """A line of pip's report."""
    about = {"name": name, "version": version, "requires_dist": list(wants)}
    return {"metadata": about, "requested_extras": list(extras)}


def wheel(folder, name, version, *wants):
    """Write a wheel that holds nothing but what it says of itself."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    about += "".join(f"Requires-Dist: {want}\n" for want in wants)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        there = f"{name}-{version}.dist-info"
        file.writestr(f"{there}/METADATA", about)
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        file.writestr(f"{there}/WHEEL", tags)
        file.writestr(f"{there}/RECORD", "")


@pytest.fixture
def offer(tmp_path):
    """Packages of a small registry, and pip's options to look nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "numpy", "1.26.4")
    wheel(folder, "protobuf", "7.36.2")
    wheel(folder, "onnx", "1.22.0", "protobuf>=4")
    wheel(folder, "onnx", "1.23.2", "protobuf>=6")
    return folder, ("--no-index", f"--find-links={folder}")


@pytest.fixture
def pins(tmp_path):
    path = tmp_path / "pins.txt"
    path.write_text("numpy==2.1.3\nprotobuf==5.29.6\n")
    return path


def test_the_pins_say_what_they_are_and_of_which_day():
    assert {"numpy", "torch", "tensorflow", "keras", "ipython", "ipykernel"} <= set(SHIPPED)
    head = PINS.read_text().split("\n\n")[0]
    assert re.search(r"\b20\d\d-\d\d-\d\d\b", head)
    assert f"Python {environments.PYTHON_OF_COLAB}" in head
    assert "pip list" in head, "how they are renewed"


def test_a_pin_is_an_exact_version(tmp_path):
    path = tmp_path / "pins.txt"
    path.write_text("numpy>=2.1.3\n")
    with pytest.raises(ValueError, match=r"expected NAME==VERSION, got numpy>=2\.1\.3"):
        environments.read_pins(path)


def test_the_library_has_no_upper_bounds():
    wanted = environments.needs(ROOT, (*environments.FRAMEWORKS, "cluster"))
    assert {spec.operator for r in wanted for spec in r.specifier} == {">="}


def test_what_colab_ships_meets_the_librarys_bounds():
    assert environments.unmet(environments.needs(ROOT, environments.FRAMEWORKS), SHIPPED) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("numpy<2", "numpy: <2 is wanted, and Colab ships 2.1.3."),
        ("torch>=2.12", "torch: >=2.12 is wanted, and Colab ships 2.11.0."),
        ("Ml_dtypes>0.6", "Ml_dtypes: >0.6 is wanted, and Colab ships 0.6.0."),
    ],
)
def test_a_bound_that_colab_does_not_meet_is_named(wrong, sentence):
    assert environments.unmet([Requirement(wrong)], SHIPPED) == [sentence]


def test_a_plan_that_replaces_something_is_refused_and_says_who_wants_it():
    report = {
        "install": [
            item("unrolled", "0.1.0", "numpy<2", "numba>1; extra == 'fast'", "onnx"),
            item("onnx", "1.22.0", "protobuf>=4"),
            item("numpy", "1.26.4"),
        ]
    }
    said = environments.replaced(report, SHIPPED)
    assert said == ["numpy: unrolled 0.1.0 wants <2. Colab ships 2.1.3, pip would take 1.26.4."]
    assert environments.added(report, SHIPPED) == ["onnx 1.22.0", "unrolled 0.1.0"]


def test_a_wish_of_an_extra_counts_where_the_extra_is_asked_for():
    wish = "torch>=2.12; extra == 'torch'"
    for extras, count in (((), 0), (("torch",), 1)):
        report = {"install": [item("unrolled", "0.1.0", wish, extras=extras)]}
        assert len(list(environments.wishes(report, "torch", "2.11.0"))) == count


@pytest.mark.parametrize(
    ("version", "faults"), [("2.11.0+cpu", 0), ("2.11.1", 1), ("2.11.0rc1", 1)]
)
def test_another_build_of_the_same_version_replaces_nothing(version, faults):
    report = {"install": [item("torch", version)]}
    assert len(environments.replaced(report, SHIPPED)) == faults
    assert len(environments.drifted(SHIPPED | {"torch": version}, SHIPPED)) == faults


def test_a_package_that_is_gone_is_named():
    found = {name: version for name, version in SHIPPED.items() if name != "keras"}
    (sentence,) = environments.drifted(found, SHIPPED)
    assert sentence.startswith("keras: Colab ships")


def test_pip_takes_an_older_version_of_something_new_rather_than_replace(offer, pins):
    folder, options = offer
    wheel(folder, "ours", "1.0", "onnx", "numpy>=1.26")
    wanted = "ours"
    news, faults = environments.resolve(wanted, pins, *options)
    assert (news, faults) == (["onnx 1.22.0", "ours 1.0"], [])
    free = environments.plan(wanted, environments.read_pins(pins), *options)
    assert environments.replaced(free, environments.read_pins(pins)), "the constraint is needed"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("numpy<2", ("ours 1.0 depends on numpy<2", "(constraint) numpy==2.1.3")),
        ("onnx>=1.23", ("onnx 1.23.2 depends on protobuf>=6", "(constraint) protobuf==5.29.6")),
        ("torch>=99", ("No matching distribution found for torch>=99",)),
    ],
)
def test_a_library_that_would_replace_something_is_refused(offer, pins, wish, words):
    folder, options = offer
    wheel(folder, "ours", "1.0", wish)
    news, faults = environments.resolve("ours", pins, *options)
    assert not news
    assert all(word in "\n".join(faults) for word in words)


def test_a_snapshot_holds_the_tree_as_it_is_on_main(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    (tree / ".gitignore").write_text("left\n")
    for name in ("kept", "left"):
        (tree / name).write_text("text")
    address = environments.snapshot(tree, tmp_path / "copy")
    run = ["git", "clone", "-q", "--branch", "main", address, tmp_path / "clone"]
    subprocess.run(run, check=True)
    assert {p.name for p in (tmp_path / "clone").iterdir()} == {".git", ".gitignore", "kept"}
