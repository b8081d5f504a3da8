"""The chapter for instructors: what it tells them to run does what the text says."""

import csv
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "chapters" / "instructors.md").read_text(encoding="utf-8")
HEADER = "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,max_score"


def block(part, language=""):
    """Find the one code block of the chapter in this language that contains `part`."""
    blocks = re.findall(r"^```(\S*).*?\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (found,) = [code for name, code in blocks if name == language and part in code]
    return found


@pytest.mark.parametrize(
    ("timestamp", "points", "comment"),
    [
        ("2026-12-17 09:00:00", "8.0", ""),
        ("2026-12-18 12:14:59", "8.0", ""),  # within the grace
        ("2026-12-18 12:16:00", "7.2", "1 day late"),
        ("2026-12-20 12:14:00", "6.4", "2 days late"),
        ("2026-12-23 12:15:00.5", "0.0", "6 days late"),
        ("", "8.0", "not handed in"),
    ],
)
def test_the_sheet_for_the_platform_applies_the_rule_for_late_work(
    tmp_path, timestamp, points, comment
):
    rows = [HEADER, f"a2,,{timestamp},ada,,,,8.0,12.0", "a1,,,bob,,,,1.0,2.0"]
    (tmp_path / "grades.csv").write_text("\n".join(rows) + "\n")
    command = [sys.executable, "-c", block("GRACE", "python")]
    subprocess.run(command, cwd=tmp_path, check=True)
    with (tmp_path / "lms.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["id", "points", "of", "comment"],
            ["ada", points, "12.0", comment],
        ]


def test_the_settings_find_student_and_time_in_a_files_name():
    names = {"get_config": MagicMock}
    exec(block("get_config()", "python"), names)
    pattern = names["c"].FileNameCollectorPlugin.named_regexp
    (name,) = re.findall(r"names like `(\w+\.ipynb)`", TEXT)
    found = re.match(pattern, f"/course/downloaded/a2/extracted/{name}").groupdict()
    assert found == {"student_id": "ada", "timestamp": "20261218T115803", "file_id": "a2"}
    assert not re.match(pattern, "/ada_2026-12-18-15-30-10_a2.ipynb")  # nbgrader misreads it
    assert names["c"].ClearSolutions.code_stub == {"python": "..."}  # as the notebooks' own stubs


def test_the_scripts_are_whole(tmp_path):
    compile(block("Gradebook(", "python"), "fetch.py", "exec")
    script = tmp_path / "mark.sh"
    script.write_text(block("--network none"))
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_every_limit_of_the_box_is_explained():
    options = re.findall(
        r"--(?:network|memory|cpus|pids-limit|read-only|tmpfs|cap-drop|user)\b", TEXT
    )
    assert all(options.count(option) >= 2 for option in options)
    assert len(set(options)) == 8
