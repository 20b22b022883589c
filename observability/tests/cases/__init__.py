"""When each alert fires, and when it does not. promtool computes it from these series."""

from cases import cameras, doors, pipeline, slos, stores

ALL = (*slos.CASES, *cameras.CASES, *pipeline.CASES, *stores.CASES, *doors.CASES)
