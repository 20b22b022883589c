"""The series that a query of PromQL selects. Enough of its grammar for the queries here; promtool checks the whole of it."""

import re
from dataclasses import dataclass

WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "and", "or", "unless", "inf", "nan", "start", "end",
         "sum", "min", "max", "avg", "count", "topk", "quantile"}
TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*")|(?P<lists>\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\))'
    r"|(?P<number>\b\d[\w.]*)|(?P<range>\[[^\]]*\])|(?P<matchers>\{(?:[^}\"]|\"(?:[^\"\\]|\\.)*\")*\})|(?P<name>[A-Za-z_:$][\w:$]*)(?P<call>\s*\()?|(?P<other>.)", re.S)
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Selector:
    metric: str
    # (label, operator, value)
    matchers: tuple
    # As it stands in the query, without its range.
    text: str


def selectors(query):
    found, last = [], None
    for token in TOKEN.finditer(query):
        if token["matchers"] is not None and last is not None:
            found[-1] = Selector(last, tuple(MATCHER.findall(token["matchers"])), last + token["matchers"])
        last = None
        name = token["name"]
        if name is not None and token["call"] is None and name.lower() not in WORDS:
            found.append(Selector(name, (), name))
            last = name
    return found


def grouped(query):
    """The labels in `by (…)` and `on (…)`."""
    return {label.strip() for inside in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", query) for label in inside.split(",") if label.strip()}
