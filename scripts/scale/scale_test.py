"""Known answers, computed by hand."""

import subprocess
import sys
import unittest
from math import ceil
from pathlib import Path

import figures
import model
import scale

PLAIN = scale.numbers(["broker_load=1", "detections=3", "frames=10", "gpu_frames=500", "busy=0.7", "detection_bytes=200", "frame_bytes=400",
                       "alert_bytes=1000", "alerts=100"])


class Model(unittest.TestCase):
    def test_brokers_are_those_of_the_sizing_rule_in_equal_numbers_in_three_zones(self):
        # 10,000 × 0.5 MB/s = 5 GB/s; 83 MiB/s = 87.03 MB/s; 57.5 brokers, so 58, and 60 in three zones. As JPEG 172.4, so 174.
        self.assertEqual(58, ceil(5e9 / PLAIN["broker_bytes"]))
        self.assertEqual(60, model.cell(10_000, "passthrough", PLAIN).brokers)
        self.assertEqual(174, model.cell(10_000, "jpeg", PLAIN).brokers)
        self.assertEqual(3, model.cell(10, "passthrough", PLAIN).brokers)
        # 108 TB are the 2 hours of 5 GB/s, three times.
        self.assertAlmostEqual(108e12, model.cell(10_000, "passthrough", PLAIN).broker_disk)

    def test_rows_and_bytes_of_a_day(self):
        needs = model.cell(100, "passthrough", PLAIN)
        # 100 cameras × 10 frames × (1 frame + 3 detections) × 86,400 s
        self.assertEqual(345_600_000, needs.rows_a_day)
        # 86.4 million frames of 400 bytes and 3 × 200, and 10,000 alerts of 1,000
        self.assertAlmostEqual(86.4e6 * 1000 + 1e7, needs.database_a_day)
        self.assertAlmostEqual(30 * needs.database_a_day, needs.database)

    def test_gpus_ingest_and_zones(self):
        # 10,000 frames/s ÷ (500 × 0.7) = 28.6
        self.assertEqual(29, model.cell(1_000, "jpeg", PLAIN).gpus)
        self.assertEqual(50, model.cell(1_000, "jpeg", PLAIN).ingest_pods)
        # two cores × 104 × 0.7 = 145 cameras a pod
        self.assertEqual(7, model.cell(1_000, "passthrough", PLAIN).ingest_pods)
        # into Kafka, two times of three elsewhere; and out of it once, where consumers read in any zone
        needs = model.cell(1_000, "passthrough", PLAIN)
        self.assertAlmostEqual(86_400 * 0.5e9 * 2 / 3, needs.between_zones)
        self.assertAlmostEqual(86_400 * 0.5e9 * 4 / 3, needs.between_zones + needs.far_reads)
        self.assertAlmostEqual(28_800 * 30.4 * 0.02, model.between_zones(needs.between_zones, PLAIN))

    def test_cells_are_whole_installations(self):
        one, ten = model.needs(1_000, "jpeg", PLAIN, 1_000), model.needs(10_000, "jpeg", PLAIN, 1_000)
        self.assertEqual(10, ten.cells)
        for name in model.Needs._fields:
            self.assertAlmostEqual(10 * getattr(one, name), getattr(ten, name), msg=name)
        # 1,001 cameras are two cells of 501.
        self.assertEqual(2, model.needs(1_001, "jpeg", PLAIN, 1_000).cells)

    def test_a_price_changes_what_it_pays_for_and_nothing_else(self):
        before = model.cost(1_000, "passthrough", PLAIN, 1_000)
        parts = {"gpu": "inference", "broker": "Kafka", "object": "S3", "zone": "between zones", "database_disk": "PostgreSQL", "redis": "Redis",
                 "core": "pods"}
        for price, part in parts.items():
            after = model.cost(1_000, "passthrough", {**PLAIN, price: PLAIN[price] * 2}, 1_000)
            self.assertEqual([part], [name for name in before if after[name] != before[name]], price)
        # 40,000 rows/s are less than half of 172,010: 4 cores; and half of both again for the replica
        stored = model.cell(1_000, "passthrough", PLAIN).database / 1e9
        self.assertAlmostEqual((4 * 0.25 * 730 + stored * 0.23) * 1.5, before["PostgreSQL"])
        # 29 GPUs × 0.8048 × 730
        self.assertAlmostEqual(29 * 0.8048 * 730, before["inference"])

    def test_at_its_limit_a_cell_needs_what_there_is(self):
        for way in scale.WAYS:
            limits = model.limits(way, PLAIN, scale.manifests())
            at = int(limits["brokers of a cluster"])
            self.assertLessEqual(model.cell(at, way, PLAIN).brokers, PLAIN["brokers"])
            self.assertGreater(model.cell(int(at * 1.06), way, PLAIN).brokers, PLAIN["brokers"])
            self.assertAlmostEqual(PLAIN["database_bytes"], model.cell(limits["storage of one RDS instance"], way, PLAIN).database, delta=1e9)
            at = int(limits["workers of inference (`maxReplicaCount`)"])
            self.assertEqual(scale.manifests()["infer"], model.cell(at, way, PLAIN).gpus)

    def test_every_figure_counts_and_says_where_it_is_from(self):
        allowed, f = scale.manifests(), scale.numbers([])
        before = scale.tables(f)
        for name, figure in figures.ALL.items():
            self.assertTrue(figure.source, name)
            self.assertGreater(figure.value, 0, name)
            after = scale.tables({**f, name: f[name] * 3})
            changed = [table for table in ("needs", "cost", "limits") if after[table] != before[table]]
            self.assertTrue(changed, f"{name} changes nothing")
        self.assertEqual(48, allowed["vru.frames"])


class Document(unittest.TestCase):
    def test_the_tables_of_the_document_are_those_of_the_script(self):
        text = scale.DOCUMENT.read_text(encoding="utf-8")
        self.assertEqual(text, scale.filled(text, scale.tables(scale.numbers([]))), "run scripts/scale/scale.py --write")

    def test_another_number_in_the_document_is_found(self):
        text = scale.DOCUMENT.read_text(encoding="utf-8")
        made = scale.tables(scale.numbers([]))
        wrong = text.replace("| brokers | 3 |", "| brokers | 4 |", 1)
        self.assertNotEqual(text, wrong)
        self.assertEqual(text, scale.filled(wrong, made))

    def test_wrong_arguments_are_refused_in_words(self):
        for argument in ("gpus=4", "gpu_frames=many", "gpu_frames=0", "gpu_frames"):
            done = subprocess.run([sys.executable, Path(scale.__file__), "--set", argument], capture_output=True, text=True)
            self.assertEqual(1, done.returncode, argument)
            self.assertIn("scale: ", done.stderr)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
