"""Copies a bucket to a folder and counts the rows of its Parquet files, with pyarrow and with DuckDB. Prints JSON.

usage: read_store.py ENDPOINT ACCESS_KEY SECRET_KEY BUCKET FOLDER
"""

import json
import pathlib
import sys

import duckdb
import pyarrow.dataset
import pyarrow.fs

COLUMNS = {
    "camera_id": "string",
    "session": "int64",
    "captured_at": "timestamp[us, tz=UTC]",
    "object_index": "int32",
    "class": "string",
    "score": "float",
    "track_id": "int64",
    "box_left": "float",
}


def download(endpoint, access_key, secret_key, bucket, folder):
    store = pyarrow.fs.S3FileSystem(
        access_key=access_key, secret_key=secret_key, endpoint_override=endpoint, region="us-east-1"
    )
    keys = []
    for found in store.get_file_info(pyarrow.fs.FileSelector(bucket, recursive=True)):
        if found.is_file:
            key = found.path.removeprefix(bucket + "/")
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            with store.open_input_stream(found.path) as stream:
                path.write_bytes(stream.read())
            keys.append(key)
    return keys


def by_pyarrow(files):
    table = pyarrow.dataset.dataset(files, format="parquet").to_table()
    types = {field.name: str(field.type) for field in table.schema}
    for name, kind in COLUMNS.items():
        assert types[name] == kind, f"column {name} is {types[name]}, not {kind}"
    rows = table.to_pylist()
    frames = {(row["camera_id"], row["session"], row["sequence"]) for row in rows}
    objects = [row for row in rows if row["object_index"] is not None]
    return {"frames": len(frames), "detections": len(objects)}


def by_duckdb(folder):
    # The names of the folders are columns too (hive partitioning).
    counted = duckdb.connect().execute(
        f"""
        select count(distinct (camera_id, session, sequence)), count(object_index), count(distinct (date, hour, camera_hash))
        from read_parquet('{folder}/detections/**/*.parquet', hive_partitioning = true)
        """
    )
    [(frames, detections, folders)] = counted.fetchall()
    assert folders > 0
    return {"frames": frames, "detections": detections}


def main():
    endpoint, access_key, secret_key, bucket, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    keys = download(endpoint, access_key, secret_key, bucket, folder)
    files = [str(folder / key) for key in keys if key.endswith(".parquet")]
    nothing = {"frames": 0, "detections": 0}
    report = {
        "keys": keys,
        "pyarrow": by_pyarrow(files) if files else nothing,
        "duckdb": by_duckdb(folder) if files else nothing,
    }
    print(json.dumps(report))


main()
