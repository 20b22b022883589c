"""The collector's configurations, read by the collector itself."""

import os
import subprocess
import tempfile

from metrics import ROOT

FOLDER = ROOT / "observability/collector"
TESTS = ROOT / "observability/tests/collector"
# As the manifests put them together, and as the tests do.
TOGETHER = (("traces", "tempo"), ("traces", "xray"), ("logs", "loki"), ("logs", "cloudwatch"))
FILES = (FOLDER / "traces.yaml", TESTS / "file.yaml"), (FOLDER / "logs.yaml", TESTS / "logs-file.yaml")


def environment(folder):
    """Nothing of this machine: no identity is looked for."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "COLLECTOR_"))}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "eu-central-1",
                   "COLLECTOR_POSITIONS": str(folder), "COLLECTOR_FILE": str(folder) + "/out.json", "COLLECTOR_HEALTH": "127.0.0.1:0"}


def problems(program, change=lambda text: text):
    found = []
    together = [tuple(FOLDER / f"{name}.yaml" for name in names) for names in TOGETHER] + list(FILES)
    unused = {path.name for path in FOLDER.glob("*.yaml")} - {path.name for paths in together for path in paths} - {"kustomization.yaml"}
    found += [f"observability/collector/{name}: no configuration has it" for name in sorted(unused)]
    with tempfile.TemporaryDirectory() as folder:
        for paths in together:
            copies = []
            for path in paths:
                copies.append(f"{folder}/{path.name}")
                with open(copies[-1], "w") as copy:
                    copy.write(change(path.read_text()))
            command = [program, "validate", *(part for copy in copies for part in ("--config", copy))]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(folder))
            if done.returncode:
                found.append(f"collector: {' + '.join(path.name for path in paths)}: {(done.stderr or done.stdout).strip()[:400]}")
    return found
