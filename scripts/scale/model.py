"""How much a number of cameras needs, and what it costs. Plain arithmetic; docs/scale.md explains it."""

from math import ceil
from typing import NamedTuple

DAY = 86400
MONTH_HOURS = 730
ZONES = 3


class Needs(NamedTuple):
    cells: int
    video: float          # B/s into Kafka
    brokers: int
    broker_disk: float    # B, all replicas
    partitions: int
    ingest_pods: int
    ingest_cores: float
    gpus: int
    cpu_cores: float      # for inference instead of GPUs
    sink_pods: int
    rows_a_day: float
    row_rate: float       # rows/s
    database_a_day: float  # B
    database: float       # B kept
    objects_a_day: float  # B
    objects: float        # B kept
    redis: float          # B
    redis_writes: float   # 1/s
    between_zones: float  # B a day that AWS charges for
    far_reads: float      # B a day more, if consumers read in any zone
    pods: int


def per_zone(number):
    """Brokers come in equal numbers in three zones."""
    return max(ZONES, ceil(number / ZONES) * ZONES)


def cell(cameras, way, f):
    """What one cell needs. `f` is name → number, `way` passthrough or jpeg."""
    video = cameras * f[f"{way}_bytes"]
    frames = cameras * f["frames"]
    rows = frames * (1 + f["detections"])
    gpus = max(2, ceil(frames / (f["gpu_frames"] * f["busy"])))
    core_use = f["jpeg_cores"] if way == "jpeg" else 1 / f["passthrough_per_core"]
    ingest_pods = max(2, ceil(cameras / cameras_of_a_pod(way, f)))
    alerts = cameras * f["alerts"]
    database_a_day = DAY * frames * (f["frame_bytes"] + f["detections"] * f["detection_bytes"]) + alerts * f["alert_bytes"]
    objects_a_day = DAY * frames * f["detections"] * f["parquet_bytes"] + alerts * (f["snapshot_bytes"] + f["clip_bytes"])
    sink_pods = max(2, ceil(rows / (f["row_rate"] * f["row_load"])))
    # Two of web, api, webhooks, sink-s3 and sink-alerts each; more as people come, which cameras do not decide.
    others = 2 * 5
    return Needs(
        cells=1,
        video=video,
        brokers=per_zone(video / (f["broker_bytes"] * f["broker_load"])),
        broker_disk=video * f["frames_kept"] * 3600 * ZONES,
        partitions=max(48, 2 * gpus),
        ingest_pods=ingest_pods,
        ingest_cores=cameras * core_use,
        gpus=gpus,
        cpu_cores=frames / (f["core_frames"] * f["busy"]),
        sink_pods=sink_pods,
        rows_a_day=rows * DAY,
        row_rate=rows,
        database_a_day=database_a_day,
        database=database_a_day * f["rows_kept"],
        objects_a_day=objects_a_day,
        objects=objects_a_day * f["objects_kept"],
        redis=cameras * f["live_bytes"],
        redis_writes=cameras * 2,
        # Of three zones, the leader that a producer writes to is elsewhere two times of three. Consumers read the replica of their zone, by
        # `kafka.client_rack`; those without it would be elsewhere as often. Replication inside MSK costs nothing.
        between_zones=DAY * video * (ZONES - 1) / ZONES,
        far_reads=DAY * video * (ZONES - 1) / ZONES,
        pods=ingest_pods + gpus + sink_pods + others,
    )


def cameras_of_a_pod(way, f):
    """JPEG: the threshold of the autoscaler. Passthrough: the two cores that a pod requests, at the same share of them."""
    return 20 if way == "jpeg" else int(2 * f["passthrough_per_core"] * f["busy"])


def needs(cameras, way, f, cell_size):
    """Cells of `cell_size` cameras, all alike; fewer cameras are one cell."""
    number = ceil(cameras / cell_size)
    one = cell(ceil(cameras / number), way, f)
    return Needs(number, *(value * number for value in one[1:]))


def cost(cameras, way, f, cell_size):
    """Dollars a month, by what they are for."""
    n = needs(cameras, way, f, cell_size)
    giga = 1e9
    hour = {
        "Kafka": n.brokers * f["broker"],
        "inference": n.gpus * f["gpu"],
        # Requests of the pods beside inference: ingest what it measures ÷ 0.7, the others a core each.
        "pods": (n.ingest_cores / f["busy"] + (n.pods - n.ingest_pods - n.gpus)) * f["core"] + n.cells * f["cluster"],
        "PostgreSQL": n.cells * max(4, 4 * ceil(n.row_rate / n.cells / (f["row_rate"] * f["row_load"]))) * f["database_core"],
        "Redis": n.cells * 3 * f["redis"],
    }
    month = {name: dollars * MONTH_HOURS for name, dollars in hour.items()}
    month["Kafka"] += n.broker_disk / giga * f["broker_disk"]
    month["PostgreSQL"] += n.database / giga * f["database_disk"]
    month["S3"] = n.objects / giga * f["object"]
    # The replica that serves searches, besides the two of Multi-AZ.
    month["PostgreSQL"] *= 1.5
    month["between zones"] = between_zones(n.between_zones, f)
    return month


def between_zones(bytes_a_day, f):
    """Dollars a month."""
    return bytes_a_day / 1e9 * 30.4 * f["zone"]


def limits(way, f, manifests):
    """Limit of a cell → the number of cameras at which it is reached."""
    one = cell(1000, way, f)
    share = 1000
    return {
        "brokers of a cluster": f["brokers"] * f["broker_bytes"] * f["broker_load"] / f[f"{way}_bytes"],
        "rows a second of one primary": f["row_rate"] * f["row_load"] / (one.row_rate / share),
        "storage of one RDS instance": f["database_bytes"] / (one.database / share),
        "workers of inference (`maxReplicaCount`)": manifests["infer"] * f["gpu_frames"] * f["busy"] / f["frames"],
        "workers of inference (partitions of `vru.frames`)": manifests["vru.frames"] * f["gpu_frames"] * f["busy"] / f["frames"],
        "pods of ingest (`maxReplicaCount`)": manifests["ingest"] * cameras_of_a_pod(way, f),
    }
