"""What GitHub runs: this book's own commands, with no more rights than they need, and one issue for what breaks."""
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
             for path in (ROOT / ".github/workflows").glob("*.yml")}
JOBS = {f"{name}.{key}": job for name, workflow in WORKFLOWS.items() for key, job in workflow["jobs"].items()}
STEPS = [step for job in JOBS.values() for step in job["steps"]]
REPORT = next(step for step in STEPS if "gh issue" in step.get("run", ""))


def test_every_step_is_a_make_target_that_exists_or_a_versioned_action_or_the_report():
    ran = [step["run"] for step in STEPS if "run" in step and step is not REPORT]
    targets = [re.match(r"make ([\w-]+)( #.*|.* \| tee .*)?$", command)[1] for command in ran]
    assert {"test", "book", "test-newest"} <= {*targets}
    for target in targets:  # make says 2 when it knows no way there
        told = subprocess.run(["make", "--question", target], cwd=ROOT, capture_output=True, text=True)
        assert told.returncode < 2, told.stderr
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used and [name for name in used if not re.fullmatch(r"actions/[\w-]+@v\d+", name)] == []


def test_no_job_has_a_right_that_it_does_not_need():
    rights = {name: job.get("permissions", WORKFLOWS[name.split(".")[0]]["permissions"]) for name, job in JOBS.items()}
    assert rights == {"publish.test": {"contents": "read"},
                      "publish.deploy": {"pages": "write", "id-token": "write"},
                      "newest.notebooks": {"contents": "read", "issues": "write"}}
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        assert "secrets" not in path.read_text(encoding="utf-8")  # the token that every run has is enough


def test_what_is_published_is_what_was_tested_and_only_from_main():
    steps = JOBS["publish.test"]["steps"]
    order = [step.get("run", step.get("uses", "")).split("@")[0].split(" #")[0] for step in steps]
    assert order[-3:] == ["make test", "make book", "actions/upload-pages-artifact"]
    assert steps[-1]["with"]["path"] == "_build/html"
    assert JOBS["publish.deploy"]["needs"] == "test"
    assert steps[-1]["if"] == JOBS["publish.deploy"]["if"] == "github.ref == 'refs/heads/main'"


@pytest.mark.parametrize("open_issue, called", [("", "issue create --title"), ("7\n", "issue comment 7")])
def test_what_breaks_opens_an_issue_and_is_added_to_one_that_is_open(tmp_path, open_issue, called):
    """The step as it stands, with a `gh` that writes down what it was asked."""
    (tmp_path / "open").write_text(open_issue)
    (tmp_path / "newest.log").write_text("1 failed: notebooks/ro/02-softmax.ipynb::Cell 3\n")
    gh = tmp_path / "gh"
    gh.write_text('#!/bin/bash\nif [ "$2" = list ]; then cat open; else echo "$@" >> calls; fi\n')
    gh.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUN": "https://run", "TITLE": REPORT["env"]["TITLE"]}
    subprocess.run(["bash", "-eo", "pipefail", "-c", REPORT["run"]], cwd=tmp_path, env=environment, check=True)
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert called in call and "--body-file body.md" in call
    body = (tmp_path / "body.md").read_text()
    assert "https://run" in body and "02-softmax.ipynb::Cell 3" in body
