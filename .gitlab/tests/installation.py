"""smoke.sh and staging_clip.py against a running `vru demo`, and against what they must refuse; alerts.sh against recorded answers of Prometheus."""

import contextlib
import http.server
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pipeline

PROGRAMS = Path(os.environ.get("VRU_PROGRAMS") or pipeline.CACHE / "target/debug")
SCRIPTS = pipeline.ROOT / "scripts/ci"
PASSWORD = "only for this test"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def problems():
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # As root, PostgreSQL runs as another user.
        folder.chmod(0o755)
        clip = folder / "clip.avi"
        # Five seconds of the sample: 50 frames.
        sample = pipeline.CACHE / "clips/vtest.avi"
        subprocess.run(["ffmpeg", "-loglevel", "error", "-t", "5", "-i", sample, "-c", "copy", clip], check=True, timeout=60)
        subprocess.run([pipeline.ROOT / "scripts/web.sh", "build"], check=True, timeout=900)
        return against_the_demo(folder, clip) + against_something_else(clip) + alerts()


def against_the_demo(folder, clip):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    log = open(folder / "demo.log", "w")
    demo = subprocess.Popen([PROGRAMS / "vru", "demo", "--cameras", "1", "--data", folder / "data", "--port", str(port)], stdout=log, stderr=log)
    try:
        wait_for(address, demo, folder / "demo.log")
        site, key, short = login(address, (folder / "data/first-admin-token").read_text().strip())
        found = expect("smoke.sh refuses the demo", run("smoke.sh", address, address), 0, "answer as they should")
        found += expect("staging_clip.py fails on the demo", clip_run(address, clip, site, key), 0, "50 frames, ")
        found += expect("a key that may not read uploads", clip_run(address, clip, site, short), 1, "answers 403")
        found += expect("fewer tracks than there must be", clip_run(address, clip, site, key, "--least-tracks", "1000"), 1, "fewer than 1000")
        found += expect("no deadline", clip_run(address, clip, site, key, "--deadline", "0"), 1, "is still")
        return found
    finally:
        demo.send_signal(signal.SIGINT)
        try:
            demo.wait(60)
        except subprocess.TimeoutExpired:
            demo.kill()
            demo.wait()


def wait_for(address, demo, log):
    deadline = time.monotonic() + 180
    while True:
        if demo.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"vru demo does not serve: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(f"{address}/api/v1/openapi.json", timeout=5).read()
            # Frames of an upload wait for the model.
            if "everything runs" in log.read_text():
                return
        except OSError:
            pass
        time.sleep(0.5)


def login(address, token):
    """A site, a key with the scopes of the script, and one that lacks a scope."""
    cookie = {}

    def post(path, body):
        request = urllib.request.Request(address + path, json.dumps(body).encode(), {"content-type": "application/json", "origin": address, **cookie})
        with urllib.request.urlopen(request, timeout=30) as answer:
            # A browser sends it over TLS only.
            if answer.headers["set-cookie"]:
                cookie["cookie"] = answer.headers["set-cookie"].split(";")[0]
            return json.loads(answer.read())

    post("/api/v1/first-admin", {"token": token, "name": "pipeline", "password": PASSWORD})
    post("/api/v1/session", {"name": "pipeline", "password": PASSWORD})
    site = post("/api/v1/sites", {"name": "staging", "time_zone": "Europe/Berlin"})["id"]
    until = (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = [post(f"/api/v1/sites/{site}/keys", {"name": "pipeline", "scopes": scopes, "expires_at": until})["token"]
            for scopes in (["uploads:write", "uploads:read", "tracks:read"], ["uploads:write", "tracks:read"])]
    return site, *keys


def run(script, *arguments, **variables):
    command = [SCRIPTS / script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "TRIES": "1", **variables})


def clip_run(address, clip, site, key, *arguments):
    done = run("staging_clip.py", address, clip, "--least-tracks", "3", *arguments, STAGING_API_KEY=key, STAGING_SITE=site)
    if key and key in done.stdout + done.stderr:
        raise SystemExit("staging_clip.py prints its key")
    return done


def expect(what, done, status, words):
    said = done.stdout + done.stderr
    return [] if done.returncode == status and words in said else [f"{what}: it ends with {done.returncode} and says {said[-1000:]!r}"]


def against_something_else(clip):
    """A server that answers everything with 200 and a page: no smoke test may pass it."""
    with answering(b'<div id="root"></div>') as address:
        done = run("smoke.sh", address, address)
        found = [] if done.returncode else ["smoke.sh passes a server that is not ours"]
        for words in ("no Content-Security-Policy", "is not the document of the API", "answers 200 and not 401"):
            if words not in done.stderr:
                found.append(f"smoke.sh does not say {words!r} of a server that is not ours: {done.stderr}")
        without = run("staging_clip.py", address, clip, STAGING_API_KEY="", STAGING_SITE="")
        found += expect("staging_clip.py without its variables", without, 1, "must be set")
    nowhere = f"http://127.0.0.1:{free_port()}"
    return found + expect("smoke.sh where nothing listens", run("smoke.sh", nowhere, nowhere), 1, "answers 000 and not 200")


def alerts():
    def answer(*names):
        result = [{"metric": {"__name__": "ALERTS", "alertname": name, "alertstate": "firing", "pod": str(number)}, "value": [0, "1"]}
                  for number, name in enumerate(names)]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()

    found = []
    cases = [(answer("B", "A", "B"), 0, "A\nB\n"), (answer(), 0, ""), (b'{"status":"error"}', 1, ""), (b"<html>", 1, ""), (b"", 1, "")]
    for body, status, said in cases:
        with answering(body) as address:
            done = run("alerts.sh", PROMETHEUS=address)
        if (done.returncode, done.stdout) != (status, said):
            found.append(f"alerts.sh makes {done.stdout!r} and {done.returncode} of {body!r}: {done.stderr}")
    return found + expect("alerts.sh without Prometheus", run("alerts.sh", PROMETHEUS=f"http://127.0.0.1:{free_port()}"), 1, "does not answer")


@contextlib.contextmanager
def answering(body):
    """A server that gives the same answer to everything."""
    class Same(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Same)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
