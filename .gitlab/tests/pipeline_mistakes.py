"""Mistakes that people make: each is put into a copy of the pipeline, and must be found by its words."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import contents
import jobs
import pipeline


def change(path, old, new):
    def apply(folder):
        file = folder / path
        text = file.read_text()
        if old not in text:
            raise SystemExit(f"pipeline_mistakes.py: {path} has no {old!r} any more")
        file.write_text(text.replace(old, new, 1))
    return apply


def remove(path):
    return lambda folder: (folder / path).unlink()


def jobs_of(kind):
    return lambda folder: jobs.problems(folder, [kind])


CI = ".gitlab/ci"
MAIN, CONTENTS = jobs_of("main"), contents.problems
# What is wrong, how it gets wrong, who must find it, words of what is found.
CASES = [
    ("a misspelt job in needs",
     change(f"{CI}/staging.yml", "needs: [deploy-staging, staging-smoke]", "needs: [deploy-staging, staging-smok]"),
     MAIN, "staging-smok"),
    ("an unknown key",
     change(f"{CI}/test.yml", "  timeout: 45m", "  timeuot: 45m"),
     CONTENTS, "schema: test.yml"),
    ("an unknown value of when",
     change(f"{CI}/deploy.yml", "when: manual", "when: by-hand"),
     CONTENTS, "schema: deploy.yml"),
    ("images without a report of what is in them",
     change(f"{CI}/build.yml", "      cyclonedx: sboms/*.cdx.json", "      cyclonedx: sbom.json"),
     CONTENTS, "does not report the SBOMs"),
    ("a script that does not exist",
     change(f"{CI}/staging.yml", "scripts/ci/smoke.sh", "scripts/ci/smoke-test.sh"),
     CONTENTS, "which does not exist"),
    ("a target that does not exist",
     change(f"{CI}/test.yml", "make lint", "make lints"),
     CONTENTS, "makes lints, which the Makefile does not have"),
    ("production without a person",
     change(f"{CI}/deploy.yml", "      when: manual\n", ""),
     MAIN, "deploy-production does not wait for a person"),
    ("production in a merge request",
     change(f"{CI}/deploy.yml", "    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n      when: manual", "    - when: manual"),
     jobs_of("a merge request"), "a merge request has the job deploy-production"),
    ("production without a canary",
     change(f"{CI}/deploy.yml", 'CANARY: "600"', 'CANARY: "0"'),
     CONTENTS, "has no canary"),
    ("production without the scans",
     change(f"{CI}/deploy.yml", "needs: [images, scan-gate, integration", "needs: [images, integration"),
     CONTENTS, "does not wait for scan-gate"),
    ("two deployments at once",
     change(f"{CI}/deploy.yml", "  resource_group: staging\n", ""),
     CONTENTS, "no resource_group staging"),
    ("a job that its rules never start",
     change(f"{CI}/nightly.yml", "fuzz:\n  extends: [.nightly,", "fuzz:\n  extends: [.when-tagged,"),
     jobs_of("a schedule"), "a schedule lacks the job fuzz"),
    ("an image that is scanned by nobody",
     change(f"{CI}/scan.yml", "infer-gpu, sink, migrate, collector]", "infer-gpu, sink, collector]"),
     MAIN, "lacks the job container_scanning: [migrate]"),
    ("a step of make test that no job makes",
     change(f"{CI}/test.yml", "    - make fixtures-check\n", ""),
     CONTENTS, "fixtures-check, which no job"),
    ("an image without a version",
     change(f"{CI}/deploy.yml", "debian:bookworm-slim", "alpine/k8s:latest"),
     CONTENTS, "has no version"),
    ("a key of AWS",
     change(f"{CI}/deploy.yml", '    CANARY: "600"', '    CANARY: "600"\n    AWS_KEY: AKIAABCDEFGHIJKLMNOP'),
     CONTENTS, "looks like a secret"),
    ("a password",
     change(f"{CI}/scan.yml", "CS_REGISTRY_PASSWORD: $CI_REGISTRY_PASSWORD", "CS_REGISTRY_PASSWORD: hunter2hunter2"),
     CONTENTS, "looks like a secret"),
    ("a deployment without the token for AWS",
     change(f"{CI}/deploy.yml", "extends: [.when-main-changes, .aws]", "extends: [.when-main-changes]"),
     CONTENTS, "no id_tokens"),
    ("a stage that does not exist",
     change(f"{CI}/build.yml", "  stage: build\n  needs", "  stage: bulid\n  needs"),
     MAIN, "bulid"),
    ("a file that is not there", remove(f"{CI}/staging.yml"), MAIN, "staging-smoke"),
    ("a base by its tag",
     change("scripts/ci/images.sh", "BASE BUILDER NODE GO", "BASE BUILDER GO"),
     CONTENTS, "builds on node:24-bookworm-slim without its digest"),
    ("a stage that is chosen by a default",
     change("scripts/ci/images.sh", " --build-arg WEB=web-compiled", ""),
     CONTENTS, "does not say which stage WEB is"),
    ("a script that nothing runs",
     change(f"{CI}/nightly.yml", '    - scripts/ci/bench_history.sh "$EARLIER"\n', ""),
     CONTENTS, "bench_history.sh is run by nothing"),
]


def missed():
    """Mistakes that are not found, in words, and how many were tried."""
    with ThreadPoolExecutor(2) as threads:
        return [problem for problem in threads.map(tried, CASES) if problem], len(CASES)


def tried(case):
    what, apply, finder, words = case
    with tempfile.TemporaryDirectory() as scratch:
        folder = pipeline.copy(Path(scratch))
        apply(folder)
        problems = finder(folder)
    if any(words in problem for problem in problems):
        return None
    return f"{what} is not found by {words!r}: {problems[:3]}"
