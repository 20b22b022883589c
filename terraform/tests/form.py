"""What reviews would have to say again and again: descriptions, types, tests, examples, and passwords that Terraform would keep."""

import re

from workspace import MOCKED, SOURCE, modules, roots

BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
# The arguments without `_wo` are in plans and in the state.
KEPT = re.compile(r"^  (auth_token|password|master_password|secret_string|passwords)\s*=(.*)$", re.MULTILINE)
RESOURCE = re.compile(r'^resource "\w+" "\w+" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
# Has no password: a host, a port and names.
ALLOWED = {("modules/secrets/main.tf", "secret_string")}
FILES = ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md", "examples/basic/main.tf")


def problems(source=SOURCE):
    found = []
    for name in modules():
        folder = source / "modules" / name
        found += [f"modules/{name}: there is no {file}" for file in FILES if not (folder / file).exists()]
        if name not in MOCKED and not list((folder / "tests").glob("*.tftest.hcl")):
            found.append(f"modules/{name}: there is no test")
        if (folder / "README.md").exists() and len((folder / "README.md").read_text().splitlines()) > 6:
            found.append(f"modules/{name}: README.md has more than a title and five lines")
    for path in sorted([*source.glob("modules/*/*.tf"), *(file for root in roots() for file in (source / root).glob("*.tf"))]):
        place, text = str(path.relative_to(source)), path.read_text()
        for kind, name, body in BLOCK.findall(text):
            if not re.search(r'^  description = "\S.*\."$', body, re.MULTILINE):
                found.append(f"{place}: the {kind} {name} has no description that is a sentence")
            if kind == "variable" and not re.search(r"^  type\s+=", body, re.MULTILINE):
                found.append(f"{place}: the variable {name} has no type")
        for argument, value in KEPT.findall("".join(RESOURCE.findall(text))):
            if (place, argument) not in ALLOWED and value.strip() != "null":
                found.append(f"{place}: {argument} would be in the state; use {argument}_wo")
        if len(text.splitlines()) > 400:
            found.append(f"{place}: more than 400 lines")
    return found
