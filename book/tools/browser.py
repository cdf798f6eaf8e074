"""Find a Chromium for the browser tests, or get one.

In this order: the one named by the BROWSER_PATH variable, Chrome or Chromium on this machine, Playwright's own
download, the distribution's package where it may be installed. Else one sentence that says what to do.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"]
PLACES = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
          "/Applications/Chromium.app/Contents/MacOS/Chromium",
          "C:/Program Files/Google/Chrome/Application/chrome.exe"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ADVICE = ("no browser was found and none could be installed. Install Chrome or Chromium, "
          "then run the same command again.")


class NoBrowser(Exception):
    """One sentence for the person at the keyboard."""


def on_this_machine():
    named = os.environ.get("BROWSER_PATH")
    candidates = [named] if named else [*map(shutil.which, NAMES), *PLACES]
    return next((path for path in candidates if path and Path(path).exists()), None)


def quietly(command, timeout=600):
    """Run a command; whether it succeeded."""
    try:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.run(command, timeout=timeout, **quiet).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def of_playwright():
    """Playwright's own Chromium, downloaded if need be."""
    from playwright.sync_api import sync_playwright

    def path():
        with sync_playwright() as playwright:
            found = playwright.chromium.executable_path
        return found if Path(found).exists() else None

    if found := path():
        return found
    print("browser: downloading Playwright's Chromium", file=sys.stderr)
    return path() if quietly([sys.executable, "-m", "playwright", "install", "chromium"]) else None


def of_the_distribution():
    """Debian's or Ubuntu's package, when we are root."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return None
    print("browser: installing the distribution's Chromium", file=sys.stderr)
    for package in ("chromium", "chromium-browser"):
        if quietly(["apt-get", "update"]) and quietly(["apt-get", "install", "-y", "--no-install-recommends", package]):
            return on_this_machine()
    return None


def find():
    """The path of a browser that starts. Raises NoBrowser with what to do."""
    for source in (on_this_machine, of_playwright, of_the_distribution):
        path = source()
        if path and quietly([path, "--headless", *FLAGS, "--dump-dom", "about:blank"], timeout=60):
            return path
    raise NoBrowser(ADVICE)


if __name__ == "__main__":
    try:
        print(find())
    except NoBrowser as reason:
        sys.exit(f"browser: {reason}")
