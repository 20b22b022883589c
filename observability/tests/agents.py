"""The agent of logs, run on files as a node has them: pod, time and level are read, and what looks like a login is removed."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from collectors import FILES, environment

POD = "vru-detection_api-7d9f_0f0e9b4c-6f3a-4a0c-9a57-1c2a5c3a7a11"
OTHER = "kube-system_dns-1_1f0e9b4c-6f3a-4a0c-9a57-1c2a5c3a7a11"
LOGIN = "a-password-in-a-log"
LINES = (
    '{"timestamp":"2026-11-30T01:02:03.456789Z","level":"WARN","message":"request answered","request_id":"abc","status":503}',
    "plain words of a panic",
    f'{{"timestamp":"2026-11-30T01:02:04.456789Z","level":"ERROR","message":"cannot reach postgres://vru:{LOGIN}@db/vru"}}',
)


def problems(program, change=lambda text: text):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for pod in (POD, OTHER):
            (folder / "logs" / pod / "api").mkdir(parents=True)
            text = "".join(f"2026-11-30T01:02:0{number}.5Z stderr F {line}\n" for number, line in enumerate(LINES, 3))
            (folder / "logs" / pod / "api/0.log").write_text(text)
        out = folder / "out.json"
        configs = [folder / path.name for path in FILES[1]]
        for path, config in zip(FILES[1], configs):
            config.write_text(change(path.read_text()))
        command = [program, *(part for config in configs for part in ("--config", config))]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(folder) | {"COLLECTOR_LOGS": str(folder / "logs")})
        try:
            until = time.monotonic() + 30
            while len(found := records(out)) < len(LINES) and time.monotonic() < until and process.poll() is None:
                time.sleep(0.2)
        finally:
            process.terminate()
            process.wait(20)
        said = (folder / "log").read_text(errors="replace")[-500:]
        return list(differences(found, said, out.read_text() if out.exists() else ""))


def records(path):
    """The pod, the level and the attributes of each line that the agent sent."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            resources = json.loads(line)["resourceLogs"]
        except ValueError:
            continue  # half written
        for resource in resources:
            pod = values(resource["resource"]).get("k8s.pod.name")
            for record in (record for scope in resource["scopeLogs"] for record in scope["logRecords"]):
                found.append((pod, record.get("severityText", ""), record["timeUnixNano"], values(record)))
    return found


def values(thing):
    return {each["key"]: str(next(iter(each["value"].values()), "")) for each in thing.get("attributes", [])}


def differences(found, said, text):
    if len(found) != len(LINES):
        yield f"the agent of logs sent {len(found)} of {len(LINES)} lines: {said}"
        return
    if {pod for pod, *_ in found} != {"api-7d9f"}:
        yield f"the agent of logs names the pods {[pod for pod, *_ in found]}"
    first = next((each for each in found if each[3].get("request_id") == "abc"), None)
    if not first or first[1] != "WARN" or first[2] != "1796000523456789000" or first[3].get("status") != "503":
        yield f"the agent of logs does not read level, time and fields: {first}"
    if LOGIN in text:
        yield "the agent of logs sends a password on"
