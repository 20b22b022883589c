"""schema.py PACKAGE OUT VERSION: writes the schema of the AWS provider into the folder OUT, as far as the npm package @cdktn/provider-aws publishes it.

Each folder of the package is a resource, a data source or the provider. The generated class says for each argument its Terraform name, its type,
and whether it is required, optional or computed. The declarations say which arguments are blocks. What the package leaves out is in added.py."""

import json
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from added import ADDED, EPHEMERAL

CLASS = re.compile(r"^class (\w+) extends cdktn\.(\w+) \{")
TERRAFORM_NAME = re.compile(r'^    static tfResourceType = "(\w+)";')
ARGUMENT = re.compile(r"^    // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)")
COMPLEX = re.compile(r'^    _\w+ = new (\w+)\(this, "\w+"(?:, (true|false))?\);')
GETTER = re.compile(r"^        return (?:this|cdktn)\.(.*);")
INTERFACE = re.compile(r"^export interface (\w+)")
BLOCK_DOC = re.compile(r"^    \* (\w+) block\.?$")
CONSTRUCTOR = re.compile(r"^    constructor\(scope: Construct, id: string, config\??: (\w+)\)")
FIELD = re.compile(r"^    readonly (\w+)(\??): (.*);")

SIMPLE = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
}


def type_of(getter):
    """The Terraform type of what a getter returns."""
    for name, kind in SIMPLE.items():
        if f"{name}(" in getter:
            # The package has no sets: it turns them into lists when they are read.
            return ["set", kind[1]] if "Fn.tolist(" in getter or "asNumberList(cdktn.Fn.tolist" in getter else kind
    return "dynamic"


# What contains itself is published as `any`. Nothing is accepted in it but what added.py says.
EMPTY = {"nesting": "list", "min": 0, "max": 1, "block": {"attributes": {}, "blocks": {}}}


def classes_of(text):
    """Class → what it extends, its Terraform name, and its arguments."""
    found, current, argument = {}, None, None
    for line in text.splitlines():
        if match := CLASS.match(line):
            current, argument = {"base": match[2], "name": None, "arguments": {}}, None
            found[match[1]] = current
        elif current is None:
            continue
        elif match := TERRAFORM_NAME.match(line):
            current["name"] = match[1]
        elif match := ARGUMENT.match(line):
            argument = {"computed": match[2] == "true", "optional": match[3] == "true", "required": match[4] == "true"}
            current["arguments"][match[1]] = argument
        elif argument is not None and "type" not in argument and "class" not in argument:
            if match := COMPLEX.match(line):
                argument["class"], argument["set"] = match[1], match[2] == "true"
            elif match := GETTER.match(line):
                argument["type"] = type_of(match[1])
    return found


def declared_blocks(text):
    """Interface → names of its blocks; and the interface of the constructor."""
    blocks, interface, config = {}, None, None
    for line in text.splitlines():
        if match := INTERFACE.match(line):
            interface = blocks.setdefault(match[1], set())
        elif match := CONSTRUCTOR.match(line):
            config = match[1]
        elif interface is not None and (match := BLOCK_DOC.match(line)):
            interface.add(match[1])
    return blocks, config


class Reader:
    def __init__(self, folder):
        self.classes = classes_of((folder / "index.js").read_text())
        self.blocks, self.config = declared_blocks((folder / "index.d.ts").read_text())

    def element(self, name):
        """The class of an element, and how many there may be."""
        for end, many in (("List", "list"), ("Map", "map")):
            if self.classes[name]["base"] == f"Complex{end}":
                return name.removesuffix(end) + "OutputReference", many
        return name, None

    def object(self, name, stack=()):
        name, many = self.element(name)
        if name in stack:
            return "string"
        fields = {}
        for key, argument in self.classes[name]["arguments"].items():
            kind = argument.get("type") or self.object(argument["class"], (*stack, name))
            fields[key] = ["set", kind[1]] if argument.get("set") and isinstance(kind, list) else kind
        kind = ["object", fields]
        return kind if many is None else [many, kind]

    def block(self, name, interface, stack=()):
        attributes, blocks = {}, {}
        for key, argument in self.classes[name]["arguments"].items():
            if "class" in argument and key in self.blocks.get(interface, ()):
                inner, many = self.element(argument["class"])
                # Statements contain statements: three levels are enough for anybody here.
                if stack.count(inner) > 1:
                    continue
                nesting = "single" if key == "timeouts" else "set" if argument["set"] else "list"
                blocks[key] = {
                    "nesting": nesting,
                    "min": 1 if argument["required"] else 0,
                    "max": 0 if many or nesting == "single" else 1,
                    "block": self.block(inner, inner.removesuffix("OutputReference"), (*stack, inner)),
                }
                continue
            kind = argument.get("type")
            if kind == "dynamic" and key in self.blocks.get(interface, ()):
                blocks[key] = EMPTY
                continue
            if kind is None:
                kind = self.object(argument["class"])
                if argument["set"]:
                    kind = ["set", kind[1]]
            if kind == "dynamic" and stack:
                kind = "string"
            how = "".join(letter for letter, word in (("r", "required"), ("o", "optional"), ("c", "computed")) if argument[word])
            attributes[key] = {"type": kind, "how": how}
        return {"attributes": attributes, "blocks": blocks}


def read(folder):
    """Kind, Terraform name and schema of what a folder has; None for others."""
    text = folder / "index.js"
    if not text.exists() or folder.name == "provider":
        return None
    reader = Reader(folder)
    for name, each in reader.classes.items():
        if each["name"] and each["base"] in ("TerraformResource", "TerraformDataSource"):
            kind = "resources" if each["base"] == "TerraformResource" else "data"
            return kind, each["name"], reader.block(name, reader.config)
    return None


def provider(folder):
    """The provider's own arguments: its class has no getters with types, its declaration has."""
    attributes, interface = {}, None
    kinds = {"string": "string", "number": "number", "boolean": "bool", "string[]": ["set", "string"]}
    for line in (folder / "index.d.ts").read_text().splitlines():
        if match := INTERFACE.match(line):
            interface = match[1]
        elif interface == "AwsProviderConfig" and (match := FIELD.match(line)):
            kind = kinds.get(match[3].removesuffix(" | cdktn.IResolvable"))
            if kind:
                attributes[re.sub(r"(?<!^)([A-Z])", lambda m: "_" + m[1].lower(), match[1])] = {"type": kind, "how": "o"}
    tags = {"attributes": {"tags": {"type": ["map", "string"], "how": "o"}}, "blocks": {}}
    return {"attributes": attributes, "blocks": {"default_tags": {"nesting": "list", "min": 0, "max": 1, "block": tags}}}


def add(schema):
    for path, block in ADDED.items():
        kind, *steps, last = path.split(".")
        here = schema["resources"][kind]
        for step in steps:
            here = here["blocks"][step]["block"]
        if here["blocks"].get(last) != EMPTY:
            raise SystemExit(f"{path} is published now: take it out of added.py")
        here["blocks"][last] = block


def main():
    package, out = Path(sys.argv[1]), Path(sys.argv[2])
    if f"/hashicorp/aws/{sys.argv[3]}/" not in (package / "lib/vpc/index.d.ts").read_text():
        raise SystemExit(f"the package is not of the provider {sys.argv[3]}")
    schema = {"resources": {}, "data": {}, "ephemeral": EPHEMERAL, "provider": provider(package / "lib/provider")}
    with ProcessPoolExecutor() as pool:
        for found in pool.map(read, sorted(each for each in (package / "lib").iterdir() if each.is_dir()), chunksize=32):
            if found:
                schema[found[0]][found[1]] = found[2]
    add(schema)
    if len(schema["resources"]) < 1500:
        raise SystemExit(f"only {len(schema['resources'])} resources were found: the package has another form than schema.py expects")
    # One file for each type: the provider reads those that it is asked for.
    for kind in ("resources", "data", "ephemeral"):
        (out / kind).mkdir(parents=True)
        for name, block in schema[kind].items():
            (out / kind / f"{name}.json").write_text(json.dumps(block, separators=(",", ":")))
    (out / "provider.json").write_text(json.dumps(schema["provider"], separators=(",", ":")))
    print(f"{len(schema['resources'])} resources, {len(schema['data'])} data sources")


if __name__ == "__main__":
    main()
