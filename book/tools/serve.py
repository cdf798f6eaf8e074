"""Serve the finished site on this machine only: python book/tools/serve.py [--port 8000]"""
import argparse
import errno
import functools
import http.server
import sys
from pathlib import Path

SITE = Path(__file__).resolve().parents[2] / "_build/html"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Quiet, and sure of the type of modules, which browsers refuse under any other."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript", ".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}

    def log_message(self, *arguments):
        pass


def make_server(port, site=SITE):
    """A server that is ready to run. Raises SystemExit with a sentence that says what to do."""
    if not (site / "index.html").exists():
        sys.exit("serve: the site is not built yet. Run 'make book' first.")
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), functools.partial(Handler, directory=str(site)))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.exit(f"serve: port {port} is in use. Choose another: make serve PORT={port + 1}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    with make_server(port) as server:
        print(f"serve: http://127.0.0.1:{port}/ (Ctrl C stops it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
