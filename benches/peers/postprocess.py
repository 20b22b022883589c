"""Boxes from a YOLOv8 output, in the fastest way with NumPy and OpenCV's NMSBoxes: without a Python loop over anchors.

postprocess.py OUTPUT ROWS COLUMNS THRESHOLD IOU
"""

import sys

import cv2
import numpy as np
from peer import serve

path, rows, columns, threshold, iou = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
cv2.setNumThreads(1)
output = np.fromfile(path, np.float32).reshape(1, rows, columns)


def run():
    table = output[0]
    scores = table[4:].max(axis=0)
    keep = np.flatnonzero(scores >= threshold)
    strong = table[:, keep]
    classes = strong[4:].argmax(axis=0)
    scores = scores[keep]
    boxes = strong[:4].T.copy()
    boxes[:, :2] -= boxes[:, 2:] / 2
    kept = cv2.dnn.NMSBoxesBatched(boxes, scores, classes, threshold, iou)
    order = np.asarray(kept).reshape(-1)
    return np.column_stack([boxes[order], scores[order], classes[order]])


serve(f"OpenCV {cv2.__version__} NMSBoxesBatched, NumPy {np.__version__}", run)
