from cases.case import Case


def connected(**cameras):
    return {f'ingest_camera_connected{{camera="{name}"}}': values for name, values in cameras.items()}


CASES = (
    Case("CameraNotWatching", "one of ten for twelve minutes", connected(a="1 0x12", **{f"c{n}": "1x13" for n in range(9)}), "12m", ({"camera": "a"},)),
    Case("CameraNotWatching", "never connected", connected(a="0x12"), "12m", ({"camera": "a"},)),
    Case("CameraNotWatching", "for five minutes", connected(a="1x5 0x5"), "10m"),
    Case("CameraNotWatching", "moved to another pod",
         {'ingest_camera_connected{camera="a",pod="1"}': "0x15", 'ingest_camera_connected{camera="a",pod="2"}': "1x15"}, "15m"),
    Case("CamerasNotWatching", "three of ten", connected(**{f"c{n}": "0x10" if n < 3 else "1x10" for n in range(10)}), "7m", ({},)),
    Case("CamerasNotWatching", "two of twelve", connected(**{f"c{n}": "0x10" if n < 2 else "1x10" for n in range(12)}), "7m"),
    Case("CamerasNotWatching", "the only one", connected(a="0x10"), "7m"),
    Case("CameraNotAnalysed", "sent and not analysed",
         {'ingest_sent_frames_total{camera="a"}': "0+600x20", 'ingest_sent_frames_total{camera="b"}': "0+600x20",
          'infer_sent_frames_total{camera="b"}': "0+600x20"}, "15m", ({"camera": "a"},)),
    Case("CameraNotAnalysed", "nothing is sent", {'ingest_sent_frames_total{camera="a"}': "5x20"}, "15m"),
)
