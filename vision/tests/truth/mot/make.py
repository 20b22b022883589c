#!/usr/bin/env python3
"""Writes small ground truth and tracks, and what motmetrics and trackeval say about them.

make.py, in an environment with `pip install motmetrics==1.4.0 trackeval==1.3.0`. The test `metrics` of vision reads the files.
"""

import random
import tempfile
from pathlib import Path

import motmetrics
import numpy as np
import trackeval

HERE = Path(__file__).resolve().parent
FRAMES = 60


def walkers(count, seed):
    """Straight walks through the picture, some of which start late: frame -> [(id, left, top, width, height)]."""
    rng = random.Random(seed)
    walks = []
    for number in range(1, count + 1):
        first = rng.choice([1, 1, 1, 12])
        x, y, width = rng.uniform(20, 500), rng.uniform(20, 300), rng.uniform(20, 40)
        walks.append((number, first, x, y, rng.uniform(-6, 6), rng.uniform(-3, 3), width, width * 2.4))
    frames = {}
    for frame in range(1, FRAMES + 1):
        for number, first, x, y, right, down, width, height in walks:
            if first <= frame <= first + 50:
                step = frame - first
                frames.setdefault(frame, []).append((number, x + right * step, y + down * step, width, height))
    return frames


def tracks_of(frames, seed):
    """Tracks as a poor tracker gives them: noise, misses, false boxes, ids that change and that two walkers exchange."""
    rng = random.Random(seed)
    shift = lambda size: rng.gauss(0, size * 0.08)
    lines = []
    for frame, boxes in sorted(frames.items()):
        for number, left, top, width, height in boxes:
            if rng.random() < 0.12:
                continue
            track = number + (100 if frame > 25 and number % 3 == 0 else 0)
            if frame > 40 and number in (1, 2):
                track = 3 - number
            lines.append((frame, track, left + shift(width), top + shift(height), width * rng.uniform(0.85, 1.15), height))
        if rng.random() < 0.4:
            lines.append((frame, 900 + frame // 10, rng.uniform(0, 500), rng.uniform(0, 300), 30, 72))
    return lines


def write_tracks(name, tracks):
    text = "".join(f"{f},{i},{l:.1f},{t:.1f},{w:.1f},{h:.1f},0.9,-1,-1,-1\n" for f, i, l, t, w, h in tracks)
    (HERE / f"{name}.tracks.txt").write_text(text)


def scenes():
    """(name, benchmark of trackeval)"""
    frames = walkers(7, 4)
    lines = [f"{f},{i},{l:.1f},{t:.1f},{w:.1f},{h:.1f},1,-1,-1,-1\n" for f, bs in frames.items() for i, l, t, w, h in bs]
    (HERE / "plain.truth.txt").write_text("".join(lines))
    write_tracks("plain", tracks_of(frames, 5))
    yield "plain", "MOT15"
    # Pedestrians (1), a car (3), static persons (7), distractors (8) that are not considered, and reflections (12).
    frames, lines = walkers(9, 14), []
    classes = {5: (3, 0), 6: (7, 0), 7: (8, 0), 8: (12, 1)}
    for frame, boxes in frames.items():
        for number, left, top, width, height in boxes:
            class_number, consider = classes.get(number, (1, 1))
            lines.append(f"{frame},{number},{left:.1f},{top:.1f},{width:.1f},{height:.1f},{consider},{class_number},1\n")
    (HERE / "classes.truth.txt").write_text("".join(lines))
    write_tracks("classes", tracks_of(frames, 15))
    yield "classes", "MOT17"


def evaluate(name, benchmark):
    with tempfile.TemporaryDirectory() as folder:
        truth, tracks = Path(folder, "gt", name, "gt"), Path(folder, "tracks", "ours", "data")
        truth.mkdir(parents=True)
        tracks.mkdir(parents=True)
        (truth / "gt.txt").write_text((HERE / f"{name}.truth.txt").read_text())
        (tracks / f"{name}.txt").write_text((HERE / f"{name}.tracks.txt").read_text().replace("-1,-1,-1", "1,-1,-1"))
        dataset = trackeval.datasets.MotChallenge2DBox(
            {
                "GT_FOLDER": str(Path(folder, "gt")),
                "TRACKERS_FOLDER": str(Path(folder, "tracks")),
                "BENCHMARK": benchmark,
                "SKIP_SPLIT_FOL": True,
                "SEQ_INFO": {name: FRAMES},
                "PRINT_CONFIG": False,
            }
        )
        data = dataset.get_preprocessed_seq_data(dataset.get_raw_seq_data("ours", name), "pedestrian")
    hota = trackeval.metrics.HOTA().eval_sequence(data)
    clear = trackeval.metrics.CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)
    identity = trackeval.metrics.Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    # motmetrics gets the boxes that trackeval compares.
    accumulator = motmetrics.MOTAccumulator()
    for frame in range(FRAMES):
        distances = 1 - np.asarray(data["similarity_scores"][frame], dtype=float)
        distances = np.where(distances > 0.5, np.nan, distances)
        accumulator.update(data["gt_ids"][frame], data["tracker_ids"][frame], distances, frameid=frame)
    names = ["mota", "idf1", "num_switches", "num_misses", "num_false_positives", "num_objects"]
    summary = motmetrics.metrics.create().compute(accumulator, metrics=names).iloc[0]
    rows = [
        ("mota", summary["mota"]),
        ("idf1", summary["idf1"]),
        ("switches", int(summary["num_switches"])),
        ("misses", int(summary["num_misses"])),
        ("false_positives", int(summary["num_false_positives"])),
        ("boxes", int(summary["num_objects"])),
        ("hota", float(np.mean(hota["HOTA"]))),
        ("detection", float(np.mean(hota["DetA"]))),
        ("association", float(np.mean(hota["AssA"]))),
        ("localisation", float(np.mean(hota["LocA"]))),
        ("trackeval_mota", float(clear["MOTA"])),
        ("trackeval_idf1", float(identity["IDF1"])),
    ]
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in rows)


if __name__ == "__main__":
    text = "\n".join(evaluate(name, benchmark) for name, benchmark in scenes())
    (HERE / "expected.toml").write_text("# Written by make.py with motmetrics 1.4.0 and trackeval 1.3.0.\n\n" + text)
