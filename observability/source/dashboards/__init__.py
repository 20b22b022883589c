"""One dashboard a file. The order is that of the frame's path."""

from dashboards import api, camera, infer, ingest, overview, sinks, slos

ALL = (overview.DASHBOARD, slos.DASHBOARD, ingest.DASHBOARD, infer.DASHBOARD, sinks.DASHBOARD, api.DASHBOARD, camera.DASHBOARD)
