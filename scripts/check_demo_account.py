#!/usr/bin/env python3
"""Checks the account that `vru demo --json` prints at its end: every frame was inferred, or dropped for a reason.

    check_demo_account.py FILE      the account is the last line of FILE
"""

import json
import sys

COUNTS = ("cameras", "frames_in", "frames_inferred", "detections", "rows", "alerts")


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def problems(account):
    """All problems of an account, as sentences."""
    wrong = [f"{key} is {account.get(key)!r}, not a count" for key in COUNTS if not is_count(account.get(key))]
    drops = account.get("drops")
    if not isinstance(drops, dict) or not all(map(is_count, drops.values())):
        wrong.append(f"drops is {drops!r}, not counts by reason")
    delay = account.get("glass_to_alert_ms")
    numbers = [delay.get(key) for key in ("p50", "p95")] if isinstance(delay, dict) else []
    if len(numbers) != 2 or not all(isinstance(number, (int, float)) for number in numbers):
        wrong.append(f"glass_to_alert_ms is {delay!r}, not p50 and p95")
    if wrong:
        return wrong

    dropped = sum(drops.values())
    if account["frames_in"] != account["frames_inferred"] + dropped:
        wrong.append(f"{account['frames_in']} frames in, but {account['frames_inferred']} inferred and {dropped} dropped")
    # Each inferred frame has one row in the table `frames`, also a frame without objects.
    if account["rows"] != account["frames_inferred"]:
        wrong.append(f"{account['frames_inferred']} frames were inferred, but PostgreSQL has {account['rows']} rows")
    wrong += [f"no {key}" for key in ("cameras", "frames_inferred", "detections", "alerts") if account[key] == 0]
    if not 0 < numbers[0] <= numbers[1]:
        wrong.append(f"glass_to_alert_ms is {delay}, but 0 < p50 <= p95 must hold")
    return wrong


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = file.read().splitlines()
    if not lines:
        raise SystemExit(f"{sys.argv[1]} is empty: the demo printed no account")
    try:
        account = json.loads(lines[-1])
    except json.JSONDecodeError as error:
        raise SystemExit(f"the last line is not JSON ({error}): {lines[-1][:200]}") from error
    if not isinstance(account, dict):
        raise SystemExit(f"the account is {type(account).__name__}, not an object")
    if wrong := problems(account):
        raise SystemExit("the demo's account does not balance:\n  " + "\n  ".join(wrong) + f"\n{lines[-1]}")
    print(f"the demo's account balances: {lines[-1]}")


if __name__ == "__main__":
    main()
