"""The environment is whole or not there, and what goes wrong is said in one sentence."""
import functools
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
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


@pytest.mark.parametrize("named", ["cpu", "cuda"])
def test_a_torch_once_named_is_kept_by_commands_that_name_none(tmp_path, requirements, monkeypatch, named):
    folder, built = tmp_path / "venv", []
    monkeypatch.setattr(env, "build", lambda folder, requirements, install, torch: (built.append(torch),
                                                                                    os.makedirs(folder)))
    monkeypatch.setattr(env, "check_room", lambda *_: None)
    for torch in (named, "", named):
        env.make(str(folder), requirements, torch=torch)
    assert built == [named]
    other = {"cpu": "cuda", "cuda": "cpu"}[named]
    for torch in (other, ""):  # who names the other one gets it
        env.make(str(folder), requirements, torch=torch)
    assert built == [named, other]


# Which torch

@pytest.mark.parametrize("sign", ["/proc/driver/nvidia/version", "/dev/nvidia0", "nvidia-smi", None])
def test_the_torch_without_cuda_is_for_linux_without_a_card(monkeypatch, sign):
    monkeypatch.setattr(os.path, "exists", lambda path: path == sign)
    monkeypatch.setattr(shutil, "which", lambda name: name if name == sign else None)
    monkeypatch.setattr(env, "LINUX", True)
    assert env.choose("") == ("cuda" if sign else "cpu")
    assert [env.choose(named) for named in ("cpu", "cuda")] == ["cpu", "cuda"]  # a name overrules
    monkeypatch.setattr(env, "LINUX", False)
    assert env.choose("") == "cuda"  # the ordinary wheel, which brings CUDA on Linux alone


def tiny_torch(folder, version):
    """The smallest wheel that pip installs, in an index."""
    folder = folder / "torch"
    folder.mkdir(parents=True)
    about = f"torch-{version}.dist-info"
    with zipfile.ZipFile(folder / f"torch-{version}-py3-none-any.whl", "w") as file:
        file.writestr("torch.py", "")
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")


@pytest.fixture
def indexes(tmp_path, monkeypatch):
    """Two package indexes on this machine, the ordinary one and that without CUDA; the address of the second."""
    tiny_torch(tmp_path / "ordinary", "1.0")
    tiny_torch(tmp_path / "cpu", "1.0+cpu")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        for name, value in {"INDEX_URL": f"{address}/ordinary", "EXTRA_INDEX_URL": "", "FIND_LINKS": "",
                            "CONFIG_FILE": os.devnull, "NO_CACHE_DIR": "1"}.items():
            monkeypatch.setenv(f"PIP_{name}", value)
        yield f"{address}/cpu"
        server.shutdown()


@pytest.mark.parametrize("place, comes", [("the index", "1.0+cpu"), ("a closed port", "1.0"), ("an empty one", "1.0")])
def test_without_a_card_comes_the_torch_without_cuda_or_else_the_ordinary_one_and_a_word_about_it(
        tmp_path, requirements, indexes, monkeypatch, capsys, place, comes):
    """Real installs of tiny wheels, by this environment's pip: making one of its own would take most of the time."""
    def run(command, total=0, run=env.run):
        python, *rest = command
        run([sys.executable, "-m", "pip", "--python", python, *rest[2:]] if "pip" in rest else
            [*command, "--without-pip"])

    monkeypatch.setattr(env, "run", run)
    places = {"the index": indexes, "a closed port": "http://127.0.0.1:9/cpu", "an empty one": f"{indexes}/torch"}
    monkeypatch.setattr(env, "CPU_WHEELS", places[place])
    monkeypatch.setattr(env, "choose", lambda torch: "cpu")
    monkeypatch.setattr(env, "check_room", lambda *_: None)
    Path(requirements).write_text("torch==1.0\n")
    folder = tmp_path / "venv"
    env.make(str(folder), requirements, install="nothing")
    assert [path.name for path in folder.rglob("torch-*.dist-info")] == [f"torch-{comes}.dist-info"]
    assert ("cannot be had here" in capsys.readouterr().out) == (comes == "1.0")


def test_a_full_disk_is_no_reason_to_try_the_larger_torch(tmp_path, requirements, monkeypatch):
    def run(command, total=0):
        if "--index-url" in command:
            raise env.Failure(env.explain("OSError: [Errno 28] No space left on device"))
        assert "pip" not in command, "went on"

    monkeypatch.setattr(env, "run", run)
    Path(requirements).write_text("torch==1.0\n")
    with pytest.raises(env.Failure, match="disk is full"):
        env.build(str(tmp_path / "venv"), requirements, "editable", "cpu")


def test_a_killed_build_takes_pip_with_it(tmp_path, requirements):
    """Against an index that listens and never answers."""
    folder = tmp_path / "venv"
    Path(requirements).write_text("a-package-that-is-not-installed==1.0\n")
    with socket.create_server(("127.0.0.1", 0)) as index:
        index.settimeout(120)
        mute = {"PIP_INDEX_URL": f"http://127.0.0.1:{index.getsockname()[1]}/", "PIP_EXTRA_INDEX_URL": "",
                "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_FIND_LINKS": ""}
        process = subprocess.Popen([sys.executable, SCRIPT, "--folder", folder, "--requirements", requirements],
                                   env=os.environ | mute, stdout=subprocess.DEVNULL)
        with index.accept()[0] as pip:
            pip.settimeout(60)
            process.terminate()
            while pip.recv(4096):  # what it asked; then the end, because it is no more
                pass
        assert process.wait(60) == 143 and not folder.exists()


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
