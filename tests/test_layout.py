"""The shape of the repository: which module may import which, and what importing may load."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "code" / "unrolled"
# Lowest first. A module imports from its own layer and from lower ones; a new module is added here.
LAYERS = (
    {
        "tasks",
        "mnist",
        "evidence",
        "gradcheck",
        "store",
        "show",
        "frameworks",
        "results",
        "selfcheck",
    },
    {"cells", "memory", "torch_models", "keras_models", "convert"},
    {"starts"},
    {"assignments"},
    {"training", "torch_training", "devices"},
    {"experiments"},
    {"runs"},
    {"ensembles"},
    {"studies"},
    {"cluster"},
    {"sweep"},
    {"claims"},
    {"derivations"},
    {"witnesses", "verify"},
    {"variants"},
    {"plots"},
    {"diagnosis"},
    {"cli"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
HEAVY = ("torch", "tensorflow", "keras", "sympy", "matplotlib", "sklearn", "onnx")
MODULES = sorted(LIBRARY.rglob("*.py"))


def component(path: Path) -> str:
    """The module's name, or its folder's: `experiments/parity.py` counts as `experiments`."""
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> list[str]:
    """Every name that is imported anywhere below `tree`, in full."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def own_imports(path: Path) -> set[str]:
    """The parts of the library that a module imports, itself left out."""
    names = [name.split(".") for name in imported(ast.parse(path.read_text()))]
    return {name[1] for name in names if name[0] == "unrolled"} - {component(path), "__version__"}


def loaded(path: Path) -> set[str]:
    """The packages that importing a module loads: not those in functions or for type checkers."""
    tree = ast.parse(path.read_text())
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {name.split(".")[0] for node in top for name in imported(node)}


def test_code_folder_does_not_shadow_the_standard_library():
    assert not (ROOT / "code" / "__init__.py").exists()
    probe = "import code; code.InteractiveConsole"
    subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True)


def test_import_unrolled_loads_nothing_heavy():
    probe = f"import sys, unrolled; print([m for m in {HEAVY} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_arrows_point_one_way(path):
    name = component(path)
    if name in ("__init__", "derivations"):  # derivations stand alone: the checks are above them
        assert not own_imports(path)
        return
    assert name in RANK, f"put {name} into a layer of {Path(__file__).name}"
    assert not [other for other in own_imports(path) if RANK.get(other, 99) > RANK[name]]


def test_no_circles():
    arrows: dict[str, set[str]] = {}
    for path in MODULES:
        arrows.setdefault(component(path), set()).update(own_imports(path))
    list(TopologicalSorter(arrows).static_order())  # raises CycleError


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_a_module_loads_at_most_one_framework(path):
    frameworks = {"torch": "torch", "tensorflow": "keras", "keras": "keras"}
    assert len({frameworks[name] for name in loaded(path) & set(frameworks)}) <= 1


def test_derivations_load_only_sympy():
    for path in (LIBRARY / "derivations").glob("*.py"):
        outside = loaded(path) - set(sys.stdlib_module_names) - {"unrolled"}
        assert outside <= {"sympy"}, path


def test_the_library_never_imports_bindery():
    for path in MODULES:
        names = imported(ast.parse(path.read_text()))
        assert not [name for name in names if name.split(".")[0] == "bindery"], path
