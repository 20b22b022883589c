"""Each alert has a runbook, each runbook an alert, and what a runbook tells to type exists."""

import re

from metrics import ROOT, registered, sources

FOLDER = ROOT / "docs/runbooks"
PARTS = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]
# Deployments, and what else `kubectl` is told to look at.
OURS = {"vru-api": "api", "vru-sink": "sink", "vru-ingest": "ingest", "vru-infer": "infer", "vru": "vru"}


def problems(groups, folder=FOLDER):
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    files = {path.stem: path.read_text() for path in folder.glob("*.md") if path.stem != "README"}
    found = [f"{name}: has no runbook docs/runbooks/{name}.md" for name in sorted(alerts - files.keys())]
    found += [f"docs/runbooks/{name}.md: there is no such alert" for name in sorted(files.keys() - alerts)]
    for name, text in sorted(files.items()):
        found += [f"docs/runbooks/{name}.md: {problem}" for problem in of_one(name, text)]
    return found


def of_one(name, text):
    if not text.startswith(f"# {name}\n"):
        yield "does not begin with its name"
    if [line for line in text.splitlines() if line.startswith("## ")] != PARTS:
        yield f"has not the parts {', '.join(PARTS)}"
    blocks = re.findall(r"```sh\n(.*?)```", text.split("## Diagnosis")[-1], re.S)
    if not blocks:
        yield "its diagnosis has no command"
    for line in (line for block in blocks for line in block.splitlines() if line and not line.startswith("#")):
        yield from of_command(line)
    for metric in re.findall(r"`((?:ingest|infer|sink|api|tls|auth|redis|kafka|dead_letters|live|clock)_[a-z_]+)[`{]", text):
        if metric not in registered() and f"{metric}_count" not in registered() and "total" in metric:
            yield f"no program has the metric {metric}"


def of_command(line):
    """Deployments, programs and their sub-commands are those of this repository."""
    deployments = {path.parent.name for path in (ROOT / "k8s/base").glob("*/deployment.yaml")} | {"collector"}
    for name in re.findall(r"\bdeploy(?:ment)?/([a-z0-9-]+)", line):
        if name not in deployments:
            yield f"there is no Deployment {name}: {line}"
    for program, command in re.findall(r"(?:^|[\s(])(vru(?:-api|-sink|-ingest|-infer)?) ([a-z][a-z-]+)", line):
        variant = "".join(part.capitalize() for part in command.split("-"))
        if not re.search(rf"^\s+{variant}\b", sources()[OURS[program]], re.M):
            yield f"{program} has no command {command}: {line}"
    for path in re.findall(r"(?:8001|8002|8003|8004|8000)(/[a-z]\S*)", line):
        if path.split("?")[0] not in ("/health", "/ready", "/metrics") and not path.startswith("/api/v1/"):
            yield f"no program serves {path}: {line}"
    for path in re.findall(r"(/api/v1/[\w/{}-]+)", line):
        documented = (ROOT / "api/openapi.json").read_text() if (ROOT / "api/openapi.json").is_file() else ""
        plain = re.sub(r"\$\w+|[0-9a-f]{8}-[0-9a-f-]+", "{}", path)
        if documented and not re.search('"' + re.sub(r"\\\{\\\}", r"\\{[^}]*\\}", re.escape(plain)) + '"', documented):
            yield f"the API has no {path}: {line}"
