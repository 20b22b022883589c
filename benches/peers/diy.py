"""A minimal pipeline: OpenCV reads a camera, JPEG over Kafka, ONNX Runtime, alerts over Kafka.

diy.py capture BROKERS FRAMES NAME URL
diy.py infer BROKERS FRAMES ALERTS MODEL
diy.py versions
"""

import os
import sys

import confluent_kafka
import cv2
import numpy as np
import onnxruntime

SIDE = 416
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
STD = np.array([57.375, 57.12, 58.395], np.float32)
PERSON, THRESHOLD, IOU = 0, 0.4, 0.6
# Logits of each side's distance, in cells of the stride.
BINS = np.arange(11, dtype=np.float32)


def capture(brokers, topic, name, url):
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    producer = confluent_kafka.Producer({"bootstrap.servers": brokers})
    camera = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    while True:
        ok, picture = camera.read()
        if not ok:
            sys.exit(f"the stream {url} has ended")
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
        producer.produce(topic, jpeg.tobytes(), name)
        producer.poll(0)


def infer(brokers, frames, alerts, model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": frames, "auto.offset.reset": "earliest"})
    consumer.subscribe([frames])
    producer = confluent_kafka.Producer({"bootstrap.servers": brokers})
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        picture = cv2.imdecode(np.frombuffer(message.value(), np.uint8), cv2.IMREAD_COLOR)
        if len(people(session, picture)):
            producer.produce(alerts, message.value(), message.key())
        producer.poll(0)


def people(session, picture):
    """The boxes of all people in the picture."""
    height, width = picture.shape[:2]
    ratio = min(SIDE / width, SIDE / height)
    inner = cv2.resize(picture, (round(width * ratio), round(height * ratio)))
    canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
    canvas[: inner.shape[0], : inner.shape[1]] = inner
    tensor = ((canvas - MEAN) / STD).transpose(2, 0, 1)[None]
    outputs = session.run(None, {"input": np.ascontiguousarray(tensor)})
    boxes, scores = [], []
    for stride, score, distance in zip((8, 16, 32), outputs[:3], outputs[3:], strict=True):
        score = score[0, :, PERSON]
        chosen = np.flatnonzero(score >= THRESHOLD)
        bins = np.exp(distance[0, chosen].reshape(-1, 4, len(BINS)))
        left, top, right, bottom = (bins @ BINS / bins.sum(axis=2)).T * stride
        columns = SIDE // stride
        x, y = (chosen % columns + 0.5) * stride, (chosen // columns + 0.5) * stride
        boxes.append(np.column_stack([x - left, y - top, left + right, top + bottom]) / ratio)
        scores.append(score[chosen])
    boxes, scores = np.concatenate(boxes), np.concatenate(scores)
    return boxes[np.asarray(cv2.dnn.NMSBoxes(boxes, scores, THRESHOLD, IOU), int).reshape(-1)]


if sys.argv[1] == "versions":
    print(
        f"diy.py: OpenCV {cv2.__version__}, confluent-kafka {confluent_kafka.version()}, onnxruntime {onnxruntime.__version__}, 1 thread"
    )
else:
    {"capture": capture, "infer": infer}[sys.argv[1]](*sys.argv[2:])
