from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    alert: str
    what: str
    # Series → its values in promtool's notation, one a minute: 0+60x20 begins at 0 and adds 60 twenty times.
    series: dict
    at: str
    # The labels of each alert that fires, beside those that the rule gives to all; empty: none fires.
    fires: tuple = ()
