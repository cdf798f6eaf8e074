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
    """The wheel, named by its content's folder, so that a changed package makes a new environment."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(command, check=True)
    (wheel,) = Path(folder).glob("*.whl")
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
    jupyter_path = os.pathsep.join([str(environment / "share" / "jupyter"), os.environ.get("JUPYTER_PATH", "")])
    sys.exit(subprocess.run([sys.executable, *run], cwd=ROOT, env=os.environ | {"JUPYTER_PATH": jupyter_path}).returncode)


if __name__ == "__main__":
    main()
