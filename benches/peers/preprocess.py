"""A letterboxed, normalised tensor from a picture, in the fastest way with OpenCV's wheel: resize into the canvas, then blob.

preprocess.py PICTURE WIDTH HEIGHT SIDE, with raw RGB pixels in PICTURE.
"""

import sys

import cv2
import numpy as np
from peer import serve

path, width, height, side = sys.argv[1], *map(int, sys.argv[2:5])
cv2.setNumThreads(1)
picture = np.fromfile(path, np.uint8).reshape(height, width, 3)
ratio = min(side / width, side / height)
inner_width, inner_height = round(width * ratio), round(height * ratio)
left, top = (side - inner_width) // 2, (side - inner_height) // 2
# The padding does not change and is written once; ours writes it each time.
canvas = np.full((side, side, 3), 114, np.uint8)
inner = canvas[top : top + inner_height, left : left + inner_width]


def run():
    cv2.resize(picture, (inner_width, inner_height), dst=inner, interpolation=cv2.INTER_LINEAR)
    return cv2.dnn.blobFromImage(canvas, 1 / 255)


serve(f"OpenCV {cv2.__version__} resize + blobFromImage", run)
