"""Which jobs each kind of pipeline has, exactly."""

import pipeline

CODE = ["lint", "unit", "integration", "frontend", "manifests", "kics-iac-sast", "dependency-audit"]
IMAGES = ["api", "web", "ingest", "infer", "infer-gpu", "sink", "migrate", "collector"]
EXPECTED = {
    "a merge request": (pipeline.MERGE_REQUEST, [*CODE, "secret_detection", "code-gate"]),
    "main": (pipeline.MAIN, [*CODE, "secret_detection_default_branch", "images", *(f"container_scanning: [{image}]" for image in IMAGES), "scan-gate",
                             "deploy-staging", "staging-smoke", "staging-integration", "zap-baseline", "deploy-production"]),
    "a branch without a merge request": (pipeline.BRANCH, []),
    "a tag": (pipeline.TAG, ["release"]),
    "a schedule": (pipeline.SCHEDULE, ["benches", "manifests-full", "fuzz", "dependency-audit"]),
}


def problems(folder, kinds=tuple(EXPECTED)):
    found = []
    for kind in kinds:
        variables, expected = EXPECTED[kind]
        try:
            there = pipeline.jobs(folder, variables)
        except pipeline.Refused as refused:
            return [f"gitlab-ci-local refuses the pipeline of {kind}: {refused}"]
        found += [f"{kind} lacks the job {name}" for name in expected if name not in there]
        found += [f"{kind} has the job {name}, which nobody expects" for name in there if name not in expected]
        by_hand = {name for name, job in there.items() if job["when"] == "manual"}
        wanted = {"deploy-production"} & set(expected)
        found += [f"{kind}: {name} does not wait for a person" for name in wanted - by_hand]
        found += [f"{kind}: {name} waits for a person" for name in by_hand - wanted]
    return found
