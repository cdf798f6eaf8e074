"""Run every learner edition with other versions than the book's own, the package coming from its wheel.

    python tests/environments/run.py colab                        make the environment, and that is all
    python tests/environments/run.py colab python -m pytest ...   and run the notebooks there, nbval called like that

`colab`: the versions that Colab ships. newest: the newest that the package's ranges allow, made anew at every run.
The notebooks run on a kernel of the second environment; nbval drives it from the first.
"""
import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "_build" / "environments"
VERSIONS = Path(__file__).with_name("colab.txt")


def build_wheel(folder):
    """The package's wheel, built in a copy of its sources so that nothing is left in the tree."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "source"
    shutil.copytree(ROOT / "diffattn_mini", source / "diffattn_mini", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("book/results", "book/published"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def ranges(folder):
    """A requirements file of what the package declares, and a kernel."""
    import tomllib  # here, so that an older Python still gets as far as being told that it is too old

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    path = folder.with_suffix(".txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*project["dependencies"], "ipykernel"]) + "\n", encoding="utf-8")
    return path


def prepare(kind, torch):
    """The environment's Python. Whatever env.py says when it cannot be made is the last word."""
    folder = PLACE / kind
    if kind == "newest":
        shutil.rmtree(folder, ignore_errors=True)  # last week's are not the newest
    requirements = ranges(folder) if kind == "newest" else VERSIONS
    made = subprocess.run([sys.executable, ROOT / "book/tools/env.py", "--folder", folder,
                           "--requirements", requirements, "--install", "nothing", "--torch", torch])
    if made.returncode:
        sys.exit(made.returncode)
    return folder / "bin" / "python"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", default="", choices=["", "cpu", "cuda"])
    parser.add_argument("kind", choices=["colab", "newest"])
    parser.add_argument("nbval", nargs=argparse.REMAINDER, help="how nbval is called")
    options = parser.parse_args()

    python = prepare(options.kind, options.torch)
    if not options.nbval:
        return
    # The environment is kept between runs; the wheel in it is always the one just built.
    wheel = build_wheel(PLACE / "wheel")
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--force-reinstall", wheel], check=True)
    if options.kind == "newest":
        subprocess.run([*pip, "list", "--format", "freeze"], check=True)  # what broke is to be found among these
    name, prefix = f"diffattn-{options.kind}", python.parents[1]
    subprocess.run([python, "-m", "ipykernel", "install", "--prefix", prefix, "--name", name],
                   check=True, stdout=subprocess.DEVNULL)
    run = [*options.nbval, "-p", "no:cacheprovider", "--nbval-kernel-name", name, "notebooks/ro", "notebooks/en"]
    kernels = {"JUPYTER_PATH": str(prefix / "share" / "jupyter")}
    sys.exit(subprocess.run(run, cwd=ROOT, env=os.environ | kernels).returncode)


if __name__ == "__main__":
    main()
