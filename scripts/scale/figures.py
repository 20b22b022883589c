"""What the computation of docs/scale.md begins with. Each figure says where it is from; `measured` ones are of this repository, all others are
assumptions that an installation replaces (`scale.py --set NAME=VALUE`)."""

from typing import NamedTuple

BENCHES = "benches/README.md"
DEMO = "`vru demo`, 2 cameras, 3 minutes, November 2026"
TYPICAL = "assumption"


class Figure(NamedTuple):
    value: float
    unit: str
    what: str
    source: str

    @property
    def measured(self):
        return not self.source.startswith("assumption")


LOAD = {
    "frames": Figure(10, "1/s", "frames of a camera that are analysed", TYPICAL),
    "passthrough_bytes": Figure(0.5e6, "B/s", "a camera's video as it is: H.264, 4 Mbit/s", TYPICAL),
    "jpeg_bytes": Figure(1.5e6, "B/s", "the same camera as JPEG: 150 kB a frame", TYPICAL),
    "detections": Figure(3, "", "road users in a frame, over day and night", TYPICAL + "; ask `sink_stored_detections_total` ÷ `sink_stored_frames_total`"),
    "alerts": Figure(200, "1/day", "alerts of a camera", TYPICAL + "; ask `sink_stored_alerts_total`"),
    "passthrough_per_core": Figure(104, "cameras", "a core of ingest carries, passthrough", BENCHES + ": ingest/passthrough cameras a core"),
    "jpeg_cores": Figure(0.153, "cores", "of ingest for a camera as JPEG", BENCHES + ": ingest/jpeg"),
    "core_frames": Figure(24.6, "1/s", "frames that one core analyses (nanodet-g)", BENCHES + ": infer_worker"),
    "gpu_frames": Figure(500, "1/s", "frames that one L4 analyses", TYPICAL + ": no GPU was measured; run `make bench BENCH=infer_worker` there"),
    "busy": Figure(0.7, "", "share of its time that a model is busy", "k8s/components/autoscaling/scalers.yaml"),
    "row_rate": Figure(172010, "rows/s", "detections that one sink stores, on two cores with PostgreSQL, without fsync", BENCHES + ": postgres"),
    "detection_bytes": Figure(254, "B", "of PostgreSQL for a detection, with indexes and its part of a track", DEMO),
    "frame_bytes": Figure(398, "B", "of PostgreSQL for a frame, with indexes", DEMO),
    "alert_bytes": Figure(1407, "B", "of PostgreSQL for an alert, with indexes", DEMO),
    "parquet_bytes": Figure(27.6, "B", "of Parquet for a detection", DEMO),
    "snapshot_bytes": Figure(87e3, "B", "of S3 for an alert's snapshot", DEMO),
    "clip_bytes": Figure(5e6, "B", "of S3 for an alert's clip, 10 s of passthrough", TYPICAL),
    "live_bytes": Figure(2000, "B", "of Redis for a camera's live state", TYPICAL),
}

KEPT = {
    "frames_kept": Figure(2, "h", "frames on Kafka", "k8s/components/kafka/topics.yaml"),
    "rows_kept": Figure(30, "days", "rows in PostgreSQL", "k8s/base/sink-postgres/sink-postgres.toml"),
    "objects_kept": Figure(365, "days", "Parquet, snapshots and clips in S3", TYPICAL),
}

LIMITS = {
    "broker_bytes": Figure(83 * 1024 * 1024, "B/s", "into a broker at replication 3, of 250 MiB/s of its disk", "AWS's sizing rules for MSK, November 2026"),
    "broker_load": Figure(0.8, "", "share of it that one plans with", TYPICAL),
    "brokers": Figure(60, "", "brokers of a KRaft cluster, a quota that AWS raises", "AWS's quotas of MSK, November 2026"),
    "database_bytes": Figure(64 * 1024**4, "B", "storage of one RDS instance", "assumption: AWS's limit for PostgreSQL"),
    "row_load": Figure(0.5, "", "share of the measured rows a second that one plans with: fsync, a replica, readers", TYPICAL),
}

# US East (N. Virginia), dollars, on demand. No price list can be read by a test: each is to be replaced by the one of the account.
NOT_CHECKED = "assumption: AWS's list price as remembered, not looked up"
PRICES = {
    "broker": Figure(1.63, "$/h", "kafka.m7g.4xlarge", NOT_CHECKED),
    "broker_disk": Figure(0.10, "$/GB-month", "storage of brokers", NOT_CHECKED),
    "core": Figure(0.0408, "$/h", "a core of m7g (m7g.large ÷ 2)", "assumption: factualminds.com on EC2 prices, June 2026"),
    "gpu": Figure(0.8048, "$/h", "g6.xlarge, one L4", NOT_CHECKED),
    "database_core": Figure(0.25, "$/h", "a core of RDS r7g, Multi-AZ (two instances); the replica is half of it", NOT_CHECKED),
    "database_disk": Figure(0.23, "$/GB-month", "gp3 of RDS, Multi-AZ (2 × 0.115)", "assumption: usage.ai on RDS prices, June 2026"),
    "redis": Figure(0.35, "$/h", "a shard of ElastiCache with a replica (2 × cache.r7g.large)", NOT_CHECKED),
    "object": Figure(0.023, "$/GB-month", "S3 Standard", NOT_CHECKED),
    "zone": Figure(0.02, "$/GB", "between zones, both directions", "assumption: egresscost.com, April 2026"),
    "nat": Figure(0.045, "$/GB", "through a NAT gateway", "assumption: egresscost.com, April 2026"),
    "cluster": Figure(0.10, "$/h", "the control plane of EKS", NOT_CHECKED),
}

ALL = {**LOAD, **KEPT, **LIMITS, **PRICES}
