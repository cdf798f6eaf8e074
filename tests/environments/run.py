"""Run every learner edition with the versions that Colab ships, the package coming from its wheel.

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
    shutil.copytree(ROOT / "book/results", source / "book/results")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", default="", choices=["", "cpu"])
    options = parser.parse_args()

    environment = PLACE / "colab"
    base = [sys.executable, str(ROOT / "book/tools/env.py"), "--folder", environment, "--requirements", VERSIONS]
    wheel = build_wheel(PLACE / "wheel")
    subprocess.run([*base, "--install", wheel, "--torch", options.torch], check=True)

    python = environment / "bin" / "python"
    # The environment is kept between runs; the wheel in it is always the one just built.
    reinstall = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--force-reinstall", wheel]
    subprocess.run([python, *reinstall], check=True)
    name = "diffattn-colab"
    subprocess.run([python, "-m", "ipykernel", "install", "--prefix", environment, "--name", name],
                   check=True, stdout=subprocess.DEVNULL)
    run = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-cell-timeout", "120",
           "--nbval-kernel-name", name, "notebooks/ro", "notebooks/en"]
    kernels = {"JUPYTER_PATH": str(environment / "share" / "jupyter")}
    sys.exit(subprocess.run([sys.executable, *run], cwd=ROOT, env=os.environ | kernels).returncode)


if __name__ == "__main__":
    main()
