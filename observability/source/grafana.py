"""A dashboard as the JSON that Grafana 10 and later imports."""

from model import Panel

SCHEMA_VERSION = 39
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH = 24


def dashboard(each):
    return {
        "uid": each.uid,
        "title": each.title,
        "description": each.what,
        "tags": ["vru"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "timezone": "browser",
        "time": {"from": "now-3h", "to": "now"},
        "annotations": {"list": [alerts()]},
        "links": [{"title": "vru", "type": "dashboards", "tags": ["vru"], "asDropdown": True, "includeVars": False, "keepTime": True}],
        "templating": {"list": [source()] + [variable(name, query) for name, query in each.variables.items()]},
        "panels": panels(each),
    }


def source():
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0, "refresh": 1}


def variable(name, query):
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "values"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": False,
        "includeAll": False,
    }


def alerts():
    """What fires, as marks in every panel."""
    return {
        "name": "Alerts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing",severity=~"page|ticket"}',
        "titleFormat": "{{alertname}}",
        "step": "60s",
    }


def panels(each):
    found, top, number = [], 0, 0
    for row in each.rows:
        number += 1
        found.append({"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [],
                      "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}})
        top += 1
        left, height = 0, 0
        for one in row.panels:
            if left + one.width > WIDTH:
                top, left, height = top + height, 0, 0
            number += 1
            found.append(panel(one, number, {"x": left, "y": top, "w": one.width, "h": one.height}))
            left, height = left + one.width, max(height, one.height)
        top += height
    return found


def panel(one: Panel, number, place):
    at_once = one.kind in ("stat", "table", "bargauge")
    targets = [
        {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": query, "legendFormat": legend, "range": not at_once, "instant": at_once,
         **({"format": "table"} if one.kind == "table" else {})}
        for at, (legend, query) in enumerate(one.queries.items())
    ]
    defaults = {"unit": one.unit, "custom": {}}
    options = {}
    if one.kind == "timeseries":
        defaults["custom"] = {"fillOpacity": 20 if one.stacked else 5, "lineWidth": 1, "showPoints": "never",
                              "stacking": {"mode": "normal" if one.stacked else "none", "group": "A"}}
        defaults["min"] = 0
        options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}, "tooltip": {"mode": "multi", "sort": "desc"}}
    elif one.kind in ("stat", "bargauge"):
        options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "auto"}
    if one.maximum is not None:
        defaults["max"] = one.maximum
    if one.steps:
        defaults["thresholds"] = {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in one.steps]}
    return {
        "id": number,
        "type": one.kind,
        "title": one.title,
        "description": one.what,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
    }
