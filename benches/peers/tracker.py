"""Roboflow's ByteTrack on the frames of a scene that repeats: the first frame follows the last one.

tracker.py SCENE OBJECTS FRAMES, with x1, y1, x2, y2, score of each object of each frame in SCENE.
"""

import sys
from importlib.metadata import version

import numpy as np
import supervision as sv
from peer import serve
from trackers import ByteTrackTracker

path, objects, frames = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
scene = np.fromfile(path, np.float32).reshape(frames, objects, 5)
detections = [
    sv.Detections(xyxy=frame[:, :4].copy(), confidence=frame[:, 4].copy(), class_id=np.zeros(objects, int)) for frame in scene
]
tracker = ByteTrackTracker(frame_rate=10)
at = 0


def run():
    global at
    tracked = tracker.update(detections[at % frames])
    at += 1
    return np.asarray(tracked.tracker_id)


# All tracks are confirmed before the measurement.
for _ in range(5):
    run()
serve(f"Roboflow trackers {version('trackers')} ByteTrack", run)
