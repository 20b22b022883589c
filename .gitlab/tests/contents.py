"""What jobs run and need: scripts and targets that exist, images with a version, the order of deployments, no secrets."""

import json
import os
import re
import subprocess
from pathlib import Path

import pipeline

SCRIPT = re.compile(r"(?<![\w/.])((?:scripts|images|k8s)/[\w./-]+\.(?:sh|py))")
TARGET = re.compile(r"\bmake ((?:[a-z-]+ ?)+)")
# A value that a person typed where a variable belongs: keys of AWS, tokens of GitLab, long random text.
SECRET = re.compile(r"AKIA[0-9A-Z]{12,}|glpat-|vru_[A-Za-z0-9_-]{20,}|-----BEGIN|(?i:(?:password|secret|token|api_key)\w*:\s*['\"]?[^\s$'\"]{8,})")
# Steps of `make test` that are no target of their own there.
STEPS = re.compile(r"for step in ([a-z -]+);")


def problems(folder):
    folder = Path(folder)
    found = schema(folder)
    if found:
        return found
    try:
        jobs = {name: job for name, job in pipeline.whole(folder, pipeline.MAIN).items() if isinstance(job, dict) and "script" in job}
    except pipeline.Refused as refused:
        return [f"gitlab-ci-local refuses the file: {refused}"]
    return (commands(folder, jobs) + unused(folder, jobs) + everything_is_tested(folder, jobs) + versions(jobs) + deployments(jobs) + sboms(jobs) + bases(folder) + secrets(folder))


def schema(folder):
    """The published schema of GitLab, of each file."""
    check = pipeline.CACHE / "venv-pipeline/bin/check-jsonschema"
    files = [folder / ".gitlab-ci.yml", *sorted((folder / ".gitlab/ci").glob("*.yml"))]
    command = [check, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", "--output-format", "json", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return [f"check-jsonschema: {done.stdout}{done.stderr}"]
    found = [f"schema: {Path(error['filename']).name}: {error['path']}: {error['message']}" for error in report.get("errors", [])]
    found += [f"schema: {error}" for error in report.get("parse_errors", [])]
    return found or ([f"check-jsonschema ends with {done.returncode}: {done.stderr}"] if done.returncode else [])


def lines(job):
    for part in ("before_script", "script", "after_script"):
        text = job.get(part, [])
        yield from [text] if isinstance(text, str) else text
    # A script that another one is told to run.
    yield from (str(value) for value in job.get("variables", {}).values())


def commands(folder, jobs):
    targets = set(re.findall(r"^([a-z-]+):", (folder / "Makefile").read_text(), re.MULTILINE))
    found = []
    for name, job in jobs.items():
        for line in lines(job):
            for script in SCRIPT.findall(line):
                path = folder / script if (folder / script).exists() else pipeline.ROOT / script
                if not path.exists():
                    found.append(f"{name}: runs {script}, which does not exist")
                elif script.endswith(".sh") and not os.access(path, os.X_OK) and f". {script}" not in line:
                    found.append(f"{name}: runs {script}, which is not executable")
            for group in TARGET.findall(line):
                found += [f"{name}: makes {target}, which the Makefile does not have" for target in group.split() if target not in targets]
    return found


def unused(folder, jobs):
    """Every script of scripts/ci is run by a job or by another script."""
    scripts = sorted(path for path in (folder / "scripts/ci").glob("*") if path.suffix in (".sh", ".py") and not path.stem.endswith("_test"))
    texts = {path.name: path.read_text() for path in scripts}
    called = "\n".join(line for job in jobs.values() for line in lines(job))
    return [f"scripts/ci/{name} is run by nothing" for name in texts
            if name not in called and not any(name in text for other, text in texts.items() if other != name)]


def everything_is_tested(folder, jobs):
    """What `make test` does is done in the pipeline of a change, by the same targets."""
    recipe = (folder / "Makefile").read_text()
    steps = {"fmt-check", *STEPS.search(recipe)[1].split()}
    commands_of_tests = [line for job in jobs.values() if job["stage"] == "test" for line in lines(job)]
    made = {target for line in commands_of_tests for group in TARGET.findall(line) for target in group.split()}
    return [f"`make test` has the step {step}, which no job of the stage test makes" for step in sorted(steps - made)]


def versions(jobs):
    found = []
    for name, job in jobs.items():
        image = job.get("image", {}).get("name", "")
        if image == "stand-in":
            continue
        if not re.search(r"(:[\w.-]*\d[\w.-]*|:bookworm-slim|@sha256:[0-9a-f]{64})$", image) or image.endswith(":latest"):
            found.append(f"{name}: its image {image!r} has no version")
    return found


def deployments(jobs):
    found = []
    for name in ("deploy-staging", "deploy-production"):
        job = jobs.get(name)
        if job is None:
            return [f"there is no job {name}"]
        environment = name.removeprefix("deploy-")
        if job.get("environment", {}).get("name") != environment:
            found.append(f"{name}: its environment is not {environment}")
        if job.get("resource_group") != environment:
            found.append(f"{name}: two may run at once, since it has no resource_group {environment}")
        if job.get("interruptible", True):
            found.append(f"{name}: a newer pipeline may interrupt it half-way")
        if "AWS_ID_TOKEN" not in job.get("id_tokens", {}):
            found.append(f"{name}: has no id_tokens for AWS")
    if int(jobs["deploy-production"].get("variables", {}).get("CANARY", 0)) < 60:
        found.append("deploy-production: has no canary of a minute and more")
    if "SMOKE" not in jobs["deploy-production"].get("variables", {}):
        found.append("deploy-production: no smoke test decides whether it goes back")
    before = reached(jobs, "deploy-production")
    for needed in ("scan-gate", "deploy-staging", "staging-smoke", "staging-integration", "zap-baseline", "unit", "integration", "manifests"):
        if needed not in before:
            found.append(f"deploy-production: does not wait for {needed}")
    return found


def sboms(jobs):
    """What is in the images is kept, and GitLab reads it."""
    artifacts = jobs.get("images", {}).get("artifacts", {})
    found = [] if any(str(path).startswith("sboms") for path in artifacts.get("paths", [])) else ["images: does not keep the SBOMs"]
    reports = artifacts.get("reports", {}).get("cyclonedx", [])
    reports = [reports] if isinstance(reports, str) else reports
    return found if "sboms/*.cdx.json" in reports else [*found, "images: does not report the SBOMs"]


def bases(folder):
    """images.sh gives each base a digest, and names each stage that is chosen: Buildah 1.28 leaves out a stage that only a default names."""
    script = (folder / "scripts/ci/images.sh").read_text()
    looked_up = re.search(r"^for name in ([A-Z ]+); do$", script, re.MULTILINE)[1].split()
    given = set(re.findall(r"--build-arg ([A-Z_]+)=", script))
    found = []
    for name, default in re.findall(r"^ARG ([A-Z_]+)=(\S+)$", (pipeline.ROOT / "images/Dockerfile").read_text(), re.MULTILINE):
        if ":" in default and name not in looked_up:
            found.append(f"images.sh: builds on {default} without its digest")
        elif ":" not in default and name not in given:
            found.append(f"images.sh: does not say which stage {name} is")
    return found


def reached(jobs, name):
    """All that a job needs, and what these need."""
    found, left = set(), [name]
    while left:
        for need in jobs.get(left.pop(), {}).get("needs", []):
            job = need["job"] if isinstance(need, dict) else need
            if job not in found:
                found.add(job)
                left.append(job)
    return found


def secrets(folder):
    found = []
    for path in [folder / ".gitlab-ci.yml", *(folder / ".gitlab").rglob("*.yml"), *(folder / "scripts/ci").glob("*")]:
        for number, line in enumerate(path.read_text().splitlines() if path.is_file() else [], 1):
            if SECRET.search(line.split(" #")[0]) and not line.lstrip().startswith("#"):
                found.append(f"{path.relative_to(folder)}:{number}: looks like a secret")
    return found
