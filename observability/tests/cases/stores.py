from cases.case import Case

CLAIM = '{namespace="vru-detection",persistentvolumeclaim="data-0"}'
ROOT = '{instance="host",mountpoint="/",fstype="ext4",device="/dev/vda"}'
HERE = {"namespace": "vru-detection", "persistentvolumeclaim": "data-0"}


def volume(free, size="100x1000"):
    return {f"kubelet_volume_stats_available_bytes{CLAIM}": free, f"kubelet_volume_stats_capacity_bytes{CLAIM}": size}


CASES = (
    Case("ReplicaLag", "not used for twenty minutes", {'api_replica_used{pod="a"}': "1 0x20", 'api_replica_used{pod="b"}': "1x21"}, "20m", ({},)),
    Case("ReplicaLag", "behind", {"api_replica_lag_milliseconds": "30000x20", "api_replica_used": "1x20"}, "17m", ({},)),
    Case("ReplicaLag", "near", {"api_replica_lag_milliseconds": "80x20", "api_replica_used": "1x20"}, "17m"),
    Case("ReplicaLag", "there is none", {}, "17m"),
    # 0.02 of 100 a minute: 19 last less than 16 hours.
    Case("DiskFilling", "soon full", volume("25-0.02x600"), "9h", (HERE,)),
    Case("DiskFilling", "small and steady", volume("15x600"), "9h"),
    Case("DiskFilling", "much is free", volume("90-0.02x600"), "9h"),
    Case("DiskFilling", "of a host", {f"node_filesystem_avail_bytes{ROOT}": "25-0.02x600", f"node_filesystem_size_bytes{ROOT}": "100x600"}, "9h",
         ({"instance": "host", "mountpoint": "/", "fstype": "ext4", "device": "/dev/vda"},)),
    Case("DiskFull", "four of a hundred", volume("4x20"), "10m", (HERE,)),
    Case("DiskFull", "six of a hundred", volume("6x20"), "10m"),
    Case("DiskFull", "memory", {'node_filesystem_avail_bytes{instance="host",mountpoint="/run",fstype="tmpfs",device="tmpfs"}': "1x20",
                                'node_filesystem_size_bytes{instance="host",mountpoint="/run",fstype="tmpfs",device="tmpfs"}': "100x20"}, "10m"),
    Case("RetentionSuspended", "of the sink", {'sink_retention_suspended{sink="postgres",reason="clocks differ"}': "1x90"}, "70m",
         ({"sink": "postgres", "reason": "clocks differ"},)),
    Case("RetentionSuspended", "of sites", {"api_retention_suspended": "1x90"}, "70m", ({},)),
    Case("RetentionSuspended", "neither", {"api_retention_suspended": "0x90", 'sink_retention_suspended{sink="postgres",reason="clocks differ"}': "0x90"}, "70m"),
)
