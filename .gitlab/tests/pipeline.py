"""The pipeline as gitlab-ci-local reads it, in a copy of what belongs to it, and its jobs really run."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("VRU_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vru")
TEMPLATES = Path(__file__).with_name("templates")
# Where gitlab-ci-local keeps templates that it has fetched, below its folder of state.
FETCHED = "includes/gitlab.com/gitlab-org/gitlab/-/raw/HEAD/lib/gitlab/ci/templates"
STATE = "target/gitlab-ci-local"

# What makes a pipeline: the variables that GitLab would set, and those that it would not.
MERGE_REQUEST = ({"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "1", "CI_COMMIT_REF_NAME": "feature"}, ["CI_COMMIT_BRANCH"])
MAIN = ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}, [])
BRANCH = ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "feature"}, [])
TAG = ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_TAG": "v1.2.3", "CI_COMMIT_REF_NAME": "v1.2.3"}, ["CI_COMMIT_BRANCH"])
SCHEDULE = ({"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main", "SCHEDULE": "nightly"}, [])


class Refused(Exception):
    """gitlab-ci-local refuses the pipeline."""


def node():
    """The Node that setup fetched, or the machine's."""
    own = CACHE / "node/bin/node"
    found = str(own) if own.exists() else shutil.which("node")
    if not found:
        raise SystemExit("Node is missing: scripts/setup.sh test")
    return found


def copy(folder):
    """What the pipeline is made of, as a repository of its own."""
    folder = Path(folder)
    shutil.copy(ROOT / ".gitlab-ci.yml", folder)
    shutil.copytree(ROOT / ".gitlab", folder / ".gitlab", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for name in ("Makefile", "Cargo.lock"):
        shutil.copy(ROOT / name, folder)
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", folder], check=True)
    subprocess.run(["git", "-C", folder, "remote", "add", "origin", "https://gitlab.com/vru/vru.git"], check=True)
    # It includes files that git knows.
    subprocess.run(["git", "-C", folder, "add", "--all"], check=True)
    return folder


def tool(folder, kind, *arguments, timeout=120, environment=None):
    """Runs gitlab-ci-local for a kind of pipeline."""
    fetched = Path(folder) / STATE / FETCHED
    shutil.rmtree(fetched, ignore_errors=True)
    shutil.copytree(TEMPLATES, fetched)
    variables, without = kind
    command = [node(), CACHE / "gitlab-ci-local/node_modules/gitlab-ci-local/src/index.js", "--state-dir", STATE,
               "--home", Path(folder) / STATE, *arguments]
    for name, value in {"CI_DEFAULT_BRANCH": "main", **variables}.items():
        command += ["--variable", f"{name}={value}"]
    for name in without:
        command += ["--unset-variable", name]
    environment = {**os.environ, "PATH": f"{Path(node()).parent}:{os.environ['PATH']}", **(environment or {})}
    return subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=timeout, env=environment)


def jobs(folder, kind):
    """Name → job of a kind of pipeline, without those that never run."""
    done = tool(folder, kind, "--list-json")
    if done.returncode != 0:
        raise Refused(done.stderr.strip() or done.stdout.strip())
    # Warnings come before the list.
    listed = done.stdout[done.stdout.index("[\n"):]
    return {job["name"]: job for job in json.loads(listed) if job["when"] != "never"}


def whole(folder, kind):
    """The file with everything that is included and extended, as gitlab-ci-local understands it."""
    done = tool(folder, kind, "--preview")
    if done.returncode != 0:
        raise Refused(done.stderr.strip() or done.stdout.strip())
    return yaml.safe_load(done.stdout[done.stdout.index("---\n"):])


def run_job(name, variables):
    """Runs a job of a merge request here, in the working tree; problems in words."""
    merge_request, without = MERGE_REQUEST
    own = {"VRU_CACHE": str(CACHE), "CARGO_HOME": os.environ.get("CARGO_HOME", str(Path.home() / ".cargo")),
           "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(CACHE / "target"))}
    done = tool(ROOT, ({**merge_request, **own, **variables}, without), "--force-shell-executor", name, timeout=3000)
    said = done.stdout + done.stderr
    if done.returncode != 0:
        return [f"the job {name} fails: {said[-3000:]}"]
    # It says so when a job has run to its end, and nothing of the kind when no job has that name.
    return [] if f"PASS  {name}" in said else [f"the job {name} has not run: {said[-1000:]}"]
