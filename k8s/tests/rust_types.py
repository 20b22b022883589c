"""Definitions of controllers that no Go module has, out of crates whose types a program generated from them: fields, their types, which are
required, and the words of enumerations. Patterns and rules in CEL are not among them."""

import os
import re
import subprocess
import tarfile
from pathlib import Path

NUMBERS = {"bool": "boolean", "f32": "number", "f64": "number", "String": "string"}
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
ITEM = re.compile(r"^pub (struct|enum) (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^    pub (?:r#)?(\w+): (.+),$")
VARIANT = re.compile(r"^    (\w+),$")
RENAMED = re.compile(r'\brename = "([^"]*)"')
KUBE = re.compile(r'#\[kube\(group = "([^"]+)", version = "([^"]+)", kind = "([^"]+)", plural = "([^"]+)"\)\](.*?)^pub struct (\w+)', re.MULTILINE | re.DOTALL)


def archive(crate):
    """The crate's archive, as Cargo fetches it by name and verifies it by the registry's hash."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    pattern = f"registry/cache/*/{crate.replace('@', '-')}.crate"
    if not list(home.glob(pattern)):
        done = subprocess.run(["cargo", "info", crate], capture_output=True, text=True, timeout=300, cwd="/")
        if done.returncode != 0 or not list(home.glob(pattern)):
            raise SystemExit(f"Cargo cannot fetch {crate}: {done.stdout} {done.stderr}")
    return tarfile.open(next(home.glob(pattern)))


def definitions(crate):
    """A CustomResourceDefinition for each kind, with every version that the crate has."""
    found = {}
    with archive(crate) as files:
        for member in files.getmembers():
            # Of the older versions only what the newest lacks would matter, and no manifest may use them.
            if re.search(r"/src/v1/(?!mod)\w+\.rs$", member.name):
                for definition in of_file(files.extractfile(member).read().decode()):
                    found[definition["metadata"]["name"]] = definition
    if not found:
        raise SystemExit(f"{crate} has no types of a version v1")
    return list(found.values())


def of_file(text):
    items = {name: (kind, body) for kind, name, body in ITEM.findall(text)}
    for group, version, kind, plural, attributes, spec in KUBE.findall(text):
        scope = "Namespaced" if "#[kube(namespaced)]" in attributes else "Cluster"
        schema = {"type": "object", "required": ["spec"], "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": of_type(spec, items), "status": ANYTHING}}
        yield {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{group}"},
               "spec": {"group": group, "scope": scope, "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                        "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}}


def of_type(text, items):
    if inner := re.fullmatch(r"Option<(.+)>", text):
        return of_type(inner[1], items)
    if inner := re.fullmatch(r"Vec<(.+)>", text):
        return {"type": "array", "items": of_type(inner[1], items)}
    if inner := re.fullmatch(r"BTreeMap<String, (.+)>", text):
        return {"type": "object", "additionalProperties": of_type(inner[1], items)}
    if text in NUMBERS:
        return {"type": NUMBERS[text]}
    if re.fullmatch(r"[iu](8|16|32|64)", text):
        return {"type": "integer"}
    if text == "IntOrString":
        return {"x-kubernetes-int-or-string": True}
    if text == "serde_json::Value":
        return {"x-kubernetes-preserve-unknown-fields": True}
    if text == "Condition":
        return ANYTHING
    kind, body = items[text]
    return of_struct(body, items) if kind == "struct" else {"type": "string", "enum": words(body)}


def of_struct(body, items):
    properties, required = {}, []
    for name, text in entries(body, FIELD):
        properties[name] = of_type(text, items)
        if not text.startswith("Option<"):
            required.append(name)
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def words(body):
    return [name for name, _ in entries(body, VARIANT)]


def entries(body, pattern):
    """Name in JSON, and type, of each field or variant."""
    renamed = None
    for line in body.splitlines():
        if line.startswith("    #[serde("):
            found = RENAMED.search(line)
            renamed = found[1] if found else renamed
        elif found := pattern.match(line):
            yield renamed or found[1], found[2] if pattern is FIELD else None
            renamed = None
