"""What tests of runs, commands and chapters' code share."""

import pytest


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """Use an empty store, the profile smoke and the embedded digits, whatever this machine has."""
    monkeypatch.setenv("UNROLLED_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("UNROLLED_PROFILE", "smoke")
    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("UNROLLED_DATA", raising=False)
