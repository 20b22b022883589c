#!/usr/bin/env python3
"""What N cameras need and cost: the tables of docs/scale.md.

  scale.py                       prints them
  scale.py --set gpu_frames=900  with another figure; `figures.py` has their names
  scale.py --write               writes them into docs/scale.md
  scale.py --check               fails if docs/scale.md has other ones
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

import figures
import model

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/scale.md"
BLOCK = re.compile(r"(<!-- begin: (\w+), by scripts/scale/scale.py -->\n).*?(<!-- end -->\n)", re.DOTALL)
CAMERAS = (10, 100, 1_000, 10_000)
WAYS = {"passthrough": "passthrough", "jpeg": "JPEG"}
CELL = 1_000


def manifests():
    """What the manifests allow one installation."""
    found = {}
    for scaler in yaml.safe_load_all((ROOT / "k8s/components/autoscaling/scalers.yaml").read_text()):
        if scaler["kind"] == "ScaledObject":
            found[scaler["metadata"]["name"]] = scaler["spec"]["maxReplicaCount"]
    for topic in yaml.safe_load_all((ROOT / "k8s/components/kafka/topics.yaml").read_text()):
        found[topic["metadata"]["name"]] = topic["spec"]["partitions"]
    return found


def size(value):
    for unit, step in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= step:
            return f"{number(value / step)} {unit}"
    return f"{number(value)} B"


def number(value):
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def large(value):
    for unit, step in (("billion", 1e9), ("million", 1e6)):
        if value >= step:
            return f"{number(value / step)} {unit}"
    return number(value)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def columns():
    return [(cameras, way) for cameras in CAMERAS for way in WAYS]


def heads():
    return [f"{cameras:,} {WAYS[way]}" for cameras, way in columns()]


def needs_table(f):
    rows = {
        f"cells of {CELL:,}": lambda n: number(n.cells),
        "video into Kafka": lambda n: size(n.video) + "/s",
        "brokers": lambda n: number(n.brokers),
        "their disks": lambda n: size(n.broker_disk),
        "partitions of `vru.frames`": lambda n: number(n.partitions),
        "pods of ingest": lambda n: number(n.ingest_pods),
        "cores that ingest uses": lambda n: number(n.ingest_cores),
        "GPUs": lambda n: number(n.gpus),
        "or cores for inference": lambda n: number(n.cpu_cores),
        "rows a second": lambda n: number(n.row_rate),
        "rows a day": lambda n: large(n.rows_a_day),
        "PostgreSQL a day": lambda n: size(n.database_a_day),
        "PostgreSQL kept": lambda n: size(n.database),
        "S3 a day": lambda n: size(n.objects_a_day),
        "S3 kept": lambda n: size(n.objects),
        "Redis": lambda n: f"{size(n.redis)}, {number(n.redis_writes)} writes/s",
        "between zones a day": lambda n: size(n.between_zones),
        "the same without `client_rack`": lambda n: size(n.between_zones + n.far_reads),
        "pods": lambda n: number(n.pods),
    }
    all_needs = [model.needs(cameras, way, f, CELL) for cameras, way in columns()]
    return table(["", *heads()], [[name, *(show(n) for n in all_needs)] for name, show in rows.items()])


def cost_table(f):
    costs = [model.cost(cameras, way, f, CELL) for cameras, way in columns()]
    rows = [[name, *(f"${number(cost[name])}" for cost in costs)] for name in costs[0]]
    rows.append(["**a month**", *(f"**${number(sum(cost.values()))}**" for cost in costs)])
    one = [sum(cost.values()) / cameras for cost, (cameras, _) in zip(costs, columns(), strict=True)]
    rows.append(["**a camera and month**", *(f"**${each:,.2f}**" for each in one)])
    far = [model.between_zones(model.needs(cameras, way, f, CELL).far_reads, f) for cameras, way in columns()]
    rows.append(["a month without `client_rack`", *(f"${number(sum(cost.values()) + more)}" for cost, more in zip(costs, far, strict=True))])
    line = [model.DAY * 30.4 * f["passthrough_bytes"] / 1e9 * f["nat"]] * len(costs)
    rows.append(["through NAT, a camera and month", *(f"${each:,.2f}" for each in line)])
    return table(["dollars", *heads()], rows)


def limits_table(f):
    allowed = manifests()
    ways = {way: model.limits(way, f, allowed) for way in WAYS}
    rows = [[name, *(f"{limits[name]:,.0f}" for limits in ways.values())] for name in ways["jpeg"]]
    rows.sort(key=lambda row: min(float(cell.replace(",", "")) for cell in row[1:]))
    return table(["what ends first", *(f"cameras, {name}" for name in WAYS.values())], rows)


def figures_table(group, f):
    rows = [[f"`{name}`", f"{f[name]:,g} {figure.unit}".strip(), figure.what, figure.source if figure.measured else f"**{figure.source}**"]
            for name, figure in group.items()]
    return table(["figure", "value", "what", "from"], rows)


def tables(f):
    return {
        "needs": needs_table(f),
        "cost": cost_table(f),
        "limits": limits_table(f),
        "load": figures_table({**figures.LOAD, **figures.KEPT, **figures.LIMITS}, f),
        "prices": figures_table(figures.PRICES, f),
    }


def filled(text, made):
    there = {name for _, name, _ in BLOCK.findall(text)}
    if there != made.keys():
        raise SystemExit(f"scale: docs/scale.md has places for {sorted(there)}, and the tables are {sorted(made)}")
    return BLOCK.sub(lambda found: found[1] + made[found[2]] + found[3], text)


def numbers(changes):
    f = {name: figure.value for name, figure in figures.ALL.items()}
    for change in changes:
        name, _, value = change.partition("=")
        if name not in f:
            raise SystemExit(f"scale: there is no figure {name!r}; there are {', '.join(sorted(f))}")
        try:
            f[name] = float(value)
        except ValueError:
            raise SystemExit(f"scale: {change!r} is not NAME=NUMBER") from None
        if f[name] <= 0:
            raise SystemExit(f"scale: {name} must be above 0")
    return f


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    made = tables(numbers(arguments.set))
    if not (arguments.write or arguments.check):
        print("\n".join(made.values()))
        return 0
    before = DOCUMENT.read_text(encoding="utf-8")
    after = filled(before, made)
    if arguments.write:
        DOCUMENT.write_text(after, encoding="utf-8")
        return 0
    if before != after:
        print("scale: the tables of docs/scale.md are not those of scripts/scale: run scripts/scale/scale.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
