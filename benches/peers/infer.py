"""A bare loop of ONNX Runtime on one prepared input.

infer.py MODEL THREADS
"""

import sys
import time

import numpy as np
import onnxruntime
from peer import serve

path, threads = sys.argv[1], int(sys.argv[2])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
model_input = session.get_inputs()[0]
shape = [side if isinstance(side, int) else 1 for side in model_input.shape]
tensor = np.random.default_rng(1).random(shape, np.float32)


def run():
    return session.run(None, {model_input.name: tensor})


serve(f"onnxruntime {onnxruntime.__version__} session.run, {threads} thread", run, time.perf_counter)
