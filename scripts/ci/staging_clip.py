#!/usr/bin/env python3
"""Sends a clip through a running installation by its API: upload, analysis, the road users that are found, deletion.

  STAGING_API_KEY=vru_… STAGING_SITE=… staging_clip.py API CLIP [--least-tracks 20] [--deadline 900]

The key belongs to the site and has the scopes uploads:write, uploads:read and tracks:read. It is read from the environment, and no message shows it.
"""

import argparse
import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

PART = 4 * 1024 * 1024


class Failed(Exception):
    pass


class Api:
    def __init__(self, address, key):
        self.address, self.key = address.rstrip("/"), key

    def call(self, method, path, body=None, headers=(), want=(200,)):
        """The answer's headers and body. Another status than wanted is an error in the words of the API."""
        request = urllib.request.Request(self.address + path, data=body, method=method)
        for name, value in {"authorization": f"Bearer {self.key}", **dict(headers)}.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                status, head, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            status, head, text = refused.code, refused.headers, refused.read()
        except (urllib.error.URLError, TimeoutError) as error:
            raise Failed(f"{method} {path}: {error}") from None
        if status not in want:
            raise Failed(f"{method} {path} answers {status}: {text.decode(errors='replace')[:500]}")
        return head, text

    def get(self, path):
        return json.loads(self.call("GET", path)[1])


def upload(api, site, clip):
    tus = {"tus-resumable": "1.0.0"}
    name = base64.b64encode(f"pipeline-{clip.name}".encode()).decode()
    about = {**tus, "upload-length": str(clip.stat().st_size), "upload-metadata": f"filename {name}"}
    head, _ = api.call("POST", f"/api/v1/sites/{site}/uploads", headers=about, want=(201,))
    path, offset = urllib.parse.urlsplit(head["location"]).path, 0
    with clip.open("rb") as file:
        while part := file.read(PART):
            api.call("PATCH", path, part, {**tus, "content-type": "application/offset+octet-stream", "upload-offset": str(offset)}, want=(204,))
            offset += len(part)
    return path


def analysed(api, path, deadline):
    before = None
    while True:
        now = api.get(path)
        if now["state"] != before:
            print(f"the upload is {now['state']}, {now['frames']} frames are stored", flush=True)
            before = now["state"]
        if now["state"] == "done":
            return now
        if now["state"] in ("failed", "cancelled"):
            raise Failed(f"the upload has {now['state']}: {now.get('problem')}")
        if time.monotonic() > deadline:
            raise Failed(f"the upload is still {now['state']} with {now['frames']} frames: {now.get('problem')}")
        time.sleep(2)


def tracks(api, site, camera):
    found, cursor = [], None
    while True:
        query = {"camera_id": camera, "limit": "100", **({"cursor": cursor} if cursor else {})}
        page = api.get(f"/api/v1/sites/{site}/tracks?{urllib.parse.urlencode(query)}")
        found += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            return found


def check(api, site, clip, least, deadline):
    path = upload(api, site, clip)
    try:
        done = analysed(api, path, deadline)
        if done["frames"] != done["frames_total"] or done.get("damage"):
            raise Failed(f"{done['frames']} of {done['frames_total']} frames are stored; damage: {done.get('damage')}")
        found = tracks(api, site, done["camera_id"])
        if len(found) < least:
            raise Failed(f"{len(found)} tracks were found, fewer than {least}")
        if len({track["id"] for track in found}) != len(found):
            raise Failed("a track was listed twice")
        print(f"{done['frames']} frames, {len(found)} tracks")
    finally:
        api.call("DELETE", path, headers={"tus-resumable": "1.0.0"}, want=(200, 202, 204))
    api.call("GET", path, want=(404,))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("api")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--least-tracks", type=int, default=20)
    parser.add_argument("--deadline", type=int, default=900)
    arguments = parser.parse_args()
    missing = [name for name in ("STAGING_API_KEY", "STAGING_SITE") if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"staging_clip: {' and '.join(missing)} must be set")
    api = Api(arguments.api, os.environ["STAGING_API_KEY"])
    try:
        check(api, os.environ["STAGING_SITE"], arguments.clip, arguments.least_tracks, time.monotonic() + arguments.deadline)
    except Failed as failed:
        print(f"staging_clip: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
