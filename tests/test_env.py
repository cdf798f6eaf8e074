"""The environment is whole or not there, and what goes wrong is said in one sentence."""
import os
import subprocess
import sys
from pathlib import Path

import env
import pytest

SCRIPT = Path(env.__file__)


@pytest.fixture
def requirements(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("setuptools\n")
    return str(path)


def test_an_old_python_is_told_which_one_is_needed():
    with pytest.raises(env.Failure, match=r"This is Python 3\.9; the book needs 3\.11 or newer"):
        env.check_python((3, 9))


def test_the_script_parses_for_a_python_as_old_as_3_6():
    import ast
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_a_missing_venv_module_names_the_package_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(env.Failure, match=r"sudo apt install python3\.12-venv"):
        env.check_python((3, 12))


def test_too_little_room_is_said_before_anything_is_made(tmp_path):
    with pytest.raises(env.Failure, match=r"1\.0 GB are free"):
        env.check_room(str(tmp_path / "venv"), torch="cpu", free=1e9)


@pytest.mark.parametrize("said, advice", [
    ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
    ("WARNING: Retrying ... Failed to establish a new connection: [Errno -2] Name or service not known\n"
     "ERROR: No matching distribution found for numpy==2.4.6", "index cannot be reached"),
    ("ERROR: Could not find a version that satisfies the requirement numpy==2.4.6", "does not exist for this Python"),
    ("error: something new", "the lines above say why"),
])
def test_what_pip_says_becomes_what_to_do(said, advice):
    assert advice in env.explain(said)


def test_without_a_network_one_sentence_remains_and_nothing_else(tmp_path, requirements):
    """A real run against an index on a closed local port."""
    folder = tmp_path / "venv"
    closed = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_CONFIG_FILE": os.devnull,
              "PIP_NO_CACHE_DIR": "1", "PIP_FIND_LINKS": ""}
    Path(requirements).write_text("a-package-that-is-not-installed==1.0\n")
    result = subprocess.run([sys.executable, SCRIPT, "--folder", folder, "--requirements", requirements],
                            capture_output=True, text=True, env=os.environ | closed)
    assert result.returncode != 0
    assert "env: The package index cannot be reached." in result.stderr
    assert "Traceback" not in result.stderr
    assert not folder.exists()


def test_a_half_made_environment_is_made_anew_and_a_whole_one_is_kept(tmp_path, requirements, monkeypatch):
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "rubbish").write_text("from a killed run")
    built = []
    monkeypatch.setattr(env, "build", lambda folder, *_: (built.append(folder), os.makedirs(folder)))
    monkeypatch.setattr(env, "check_room", lambda *_: None)
    env.make(str(folder), requirements)
    env.make(str(folder), requirements)
    assert len(built) == 1 and not (folder / "rubbish").exists()
    Path(requirements).write_text("setuptools\nwheel\n")
    env.make(str(folder), requirements)
    assert len(built) == 2


def test_an_environment_with_the_smaller_torch_is_kept_by_commands_that_name_none(tmp_path, requirements, monkeypatch):
    folder, built = tmp_path / "venv", []
    monkeypatch.setattr(env, "build", lambda folder, requirements, install, torch: (built.append(torch),
                                                                                    os.makedirs(folder)))
    monkeypatch.setattr(env, "check_room", lambda *_: None)
    for torch in ("cpu", "", "cpu"):
        env.make(str(folder), requirements, torch=torch)
    assert built == ["cpu"]
    (folder / "complete").write_text("of another kind")
    for torch in ("", "cpu"):  # without a name comes whatever pip takes; who then asks for the smaller one gets it
        env.make(str(folder), requirements, torch=torch)
    assert built == ["cpu", "", "cpu"]


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, SystemExit(143), OSError(28, "No space left on device")])
def test_an_interrupted_build_leaves_nothing(tmp_path, requirements, monkeypatch, trouble):
    folder = tmp_path / "venv"

    def stopped(folder, *_):
        os.makedirs(os.path.join(folder, "bin"))
        raise trouble

    monkeypatch.setattr(env, "build", stopped)
    monkeypatch.setattr(env, "check_room", lambda *_: None)
    with pytest.raises(BaseException):  # noqa: B017
        env.make(str(folder), requirements)
    assert not folder.exists()
