"""`terraform fmt`, `init`, `validate` and `test` of each module, its example, and each environment."""

import re

from workspace import MOCKED

FAILED = re.compile(r'^  run "(\w+)"\.\.\. (fail|skip)$', re.MULTILINE)
PASSED = re.compile(r"^Success! (\d+) passed", re.MULTILINE)
QUIET = re.compile(r"^[╷╵│\s]*$")


def short(said):
    """What Terraform says, in one line."""
    lines = [line.strip("╷╵│ ") for line in said.splitlines() if not QUIET.match(line)]
    return " ".join(line for line in lines if not re.match(r"^(run \"|.*\.tftest\.hcl\.\.\.|Failure! )", line))


def format_problems(workspace):
    code, said = workspace.run("real", "fmt", "-check", "-recursive", "-no-color")
    return [f"terraform fmt: {name} is not formatted" for name in said.split()] if code else []


def validate(workspace, folder):
    said = workspace.initialised(f"real/{folder}")
    if said:
        return [f"{folder}: init: {short(said)}"]
    code, said = workspace.run(f"real/{folder}", "validate", "-no-color")
    return [f"{folder}: validate: {short(said)}"] if code else []


def test(workspace, folder):
    """Problems, and how many runs there were."""
    said = workspace.initialised(f"mocked/{folder}")
    if said:
        return [f"{folder}: init: {short(said)}"], 0
    code, said = workspace.run(f"mocked/{folder}", "test", "-no-color")
    passed = PASSED.search(said)
    if code == 0 and passed and int(passed[1]):
        return [], int(passed[1])
    return [f"{folder}: test: {', '.join(name for name, _ in FAILED.findall(said)) or 'no run'}: {short(said)}"], 0


def module(workspace, name):
    folder = f"modules/{name}"
    # A module that gives an ephemeral value is no root, and mocks have none: its example is validated. Others run theirs in the test.
    if name in MOCKED:
        return validate(workspace, f"{folder}/examples/basic"), 0
    return root(workspace, folder)


def root(workspace, folder):
    found = validate(workspace, folder)
    return (found, 0) if found else test(workspace, folder)
