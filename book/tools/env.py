"""Make a virtual environment, whole or not at all.

    python3 book/tools/env.py                       .venv from requirements.txt, the package editable
    python3 book/tools/env.py --folder F --requirements R --install nothing

On Linux without an NVIDIA card PyTorch's build without CUDA comes; `--torch cuda` or `--torch cpu` overrule.
Written for any Python 3, so that an old one is told what is missing rather than shown a traceback.
The file `complete` inside the environment says what it was made from; without it, or with another
content, the folder is half-made or out of date and is made anew.
"""
import argparse
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLDEST = (3, 11)
LINUX = sys.platform.startswith("linux")
ROOM = {"cpu": 3, "cuda": 9 if LINUX else 3}  # GB: the ordinary torch brings CUDA on Linux, and nowhere else
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"  # PyTorch's own wheels without CUDA

# What pip says -> what to do. The first that occurs in its output decides.
FULL = "The disk is full. Free some gigabytes, then run the same command again."
CAUSES = [
    (("No space left", "Disk quota exceeded", "Errno 28"), FULL),
    (("Temporary failure in name resolution", "Name or service not known", "Failed to establish a new connection",
      "Network is unreachable", "ConnectTimeoutError", "ReadTimeoutError", "Connection refused", "ProxyError",
      "Connection aborted", "Read timed out"),
     "The package index cannot be reached. Check the network (or the proxy), then run the same command again."),
    (("Could not find a version", "No matching distribution"),
     "A pinned package does not exist for this Python ({python}). Try another one: make PYTHON=python3.12 ..."),
]


class Failure(Exception):
    """One sentence for the person at the keyboard."""


def check_python(version=None):
    version = version or sys.version_info[:2]
    if version < OLDEST:
        this, oldest = "{}.{}".format(*version), "{}.{}".format(*OLDEST)
        raise Failure(f"This is Python {this}; the book needs {oldest} or newer. Install one and name it: "
                      "make PYTHON=python3.12 ...")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        this = "{}.{}".format(*version)
        raise Failure("This Python cannot make virtual environments. "
                      f"On Debian or Ubuntu: sudo apt install python{this}-venv") from None


def has_card():
    """Whether an NVIDIA card can be used here: its driver is loaded, or at least its tool stands on PATH (as in WSL,
    which has neither of the two files). A doubt brings gigabytes too many, never a torch that cannot see the card."""
    return any(map(os.path.exists, ("/proc/driver/nvidia/version", "/dev/nvidia0"))) or bool(shutil.which("nvidia-smi"))


def choose(torch):
    """The build of torch, "cpu" or "cuda": the one named, else the one that this machine can use."""
    return torch or ("cpu" if LINUX and not has_card() else "cuda")


def check_room(folder, torch, free=None):
    free = shutil.disk_usage(os.path.dirname(folder)).free if free is None else free
    need = ROOM[torch]
    if free < need * 1e9:
        hint = "" if need == ROOM["cpu"] else ", or take the smaller torch: add TORCH=cpu to the command"
        raise Failure(f"The environment needs {need} GB and {free / 1e9:.1f} GB are free here. Free some{hint}.")


def stamp(requirements, install, torch):
    digest = hashlib.sha256()
    for path in [requirements] + [os.path.join(ROOT, "pyproject.toml")] * (install == "editable"):
        with open(path, "rb") as file:
            digest.update(file.read())
    digest.update(f"{sys.version} {install} {torch} {ROOT}".encode())
    return digest.hexdigest()


def is_complete(folder, expected):
    try:
        with open(os.path.join(folder, "complete")) as file:
            return file.read() == expected
    except OSError:
        return False


def explain(output):
    for marks, advice in CAUSES:
        if any(mark in output for mark in marks):
            return advice.format(python="{}.{}".format(*sys.version_info[:2]))
    return "The install stopped; the lines above say why. Run the same command again once that is mended."


def run(command, total=0):
    """Run a command; show each package as it arrives; on failure, explain."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT,
                               universal_newlines=True)
    output, count = [], 0
    try:
        for line in process.stdout:
            output.append(line)
            if line.startswith("Collecting "):
                count += 1
                print(f"  {count:>3}/{max(total, count)} {line.split()[1]}", flush=True)
            elif line.startswith("Installing collected"):
                print("  unpacking ...", flush=True)
    except BaseException:  # pip must not go on writing into a folder that is being removed
        process.terminate()
        process.wait()
        raise
    if process.wait() != 0:
        text = "".join(output)
        sys.stderr.write("".join(output[-8:]))
        raise Failure(explain(text))


def build(folder, requirements, install, torch):
    python = os.path.join(folder, "Scripts" if os.name == "nt" else "bin", "python")
    run([sys.executable, "-m", "venv", folder])
    # --retries: without a network the answer should come in seconds, not in minutes.
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"]
    with open(requirements) as file:
        pins = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    wheel = [pin + "+cpu" if "==" in pin else pin for pin in pins if re.match(r"torch\b", pin)]
    if torch == "cpu" and wheel:  # alone and first: the other packages then find torch in place, whatever its build
        try:
            run(pip + ["--retries", "1", "--timeout", "15", "--no-deps", "--index-url", CPU_WHEELS] + wheel, total=1)
        except Failure as failure:
            if str(failure) == FULL:
                raise
            print("env: PyTorch's build without CUDA cannot be had here (the lines above say why); the ordinary one "
                  "comes instead, with CUDA where it has it.", flush=True)
    run(pip + pins, total=len(pins))
    if install == "editable":
        print("  diffattn_mini (editable)", flush=True)
        run(pip + ["--no-deps", "--no-build-isolation", "--editable", ROOT])


def make(folder, requirements, install="editable", torch=""):
    """Make `folder` unless it is complete. Raises Failure; leaves nothing half-made."""
    check_python()
    # Who once named a torch need not name it again with every command.
    if any(is_complete(folder, stamp(requirements, install, kind)) for kind in ([torch] if torch else ROOM)):
        return
    torch = choose(torch)
    print(f"env: making {os.path.relpath(folder, ROOT)} (a few minutes the first time)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    check_room(folder, torch)
    try:
        build(folder, requirements, install, torch)
        with open(os.path.join(folder, "complete"), "w") as file:
            file.write(stamp(requirements, install, torch))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    print(f"env: {os.path.relpath(folder, ROOT)} is ready", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=os.path.join(ROOT, ".venv"))
    parser.add_argument("--requirements", default=os.path.join(ROOT, "requirements.txt"))
    parser.add_argument("--install", default="editable", choices=["editable", "nothing"], help="the package itself")
    parser.add_argument("--torch", default="", choices=["", *ROOM], help="by default what this machine can use")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a kill, too, cleans up
    try:
        make(os.path.abspath(options.folder), os.path.abspath(options.requirements), options.install, options.torch)
    except Failure as failure:
        sys.exit(f"env: {failure}")
    except OSError as error:
        sys.exit(f"env: {error} Free some space or check the permissions, then run the same command again.")
    except KeyboardInterrupt:
        sys.exit("env: stopped; nothing half-made was left behind. The same command starts again.")


if __name__ == "__main__":
    main()
