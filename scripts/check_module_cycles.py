#!/usr/bin/env python3
"""check_module_cycles.py [WORKSPACE]: fails if modules of a crate depend on each other in a cycle, and prints each cycle.

A module depends on the modules that define the names it uses, in `use` declarations and in paths such as `super::x::Y` or `x::Y`. A
re-export (`pub use`) is followed to the module that defines the name; the re-export itself is not a dependency.

Tolerated: a module may use names of its ancestors, such as `super::Config` in a child of the module that defines `Config`. A parent
declares its children, so a reader sees both together. A cycle that passes through a third module is reported.

Not seen: code under `#[cfg(test)]`, tests and benches; names that macros generate; methods that are called without the name of their
type; names behind a glob import that occur outside paths; modules with `#[path]`.
"""

import re
import sys
import tomllib
from pathlib import Path

COMMENT_OR_LITERAL = re.compile(r'//[^\n]*|/\*.*?\*/|(?<!\w)b?r(#*)".*?"\1|"(?:\\.|[^"\\])*"|\'(?:\\[^\']+|[^\\\'])\'', re.S)
TEST = re.compile(r"#\[cfg\((?:test|all\(test\b[^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*")
MOD = re.compile(r"\bmod\s+(\w+)\s*([;{])")
USE = re.compile(r"(?<![\w<])(pub(?:\s*\([^)]*\))?\s+)?use\s+([^;]+);")
BRACES = re.compile(r"([\w:\s]*)\{([^{}]*)\}")
ITEM = re.compile(r"\b(?:fn|struct|enum|union|trait|type|const|static|macro_rules!)\s+(\w+)")
PATH = re.compile(r"(?<![\w:.'])\w+(?:\s*::\s*\w+)+")


def blank(text, start, end):
    """Replaces a part by spaces, so that the lines after it keep their numbers."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def item_end(text, start):
    """Where the item at `start` ends: after its `;` or its closing brace."""
    depth, is_use = 0, re.match(r"(?:pub\S*\s+)?use\b", text[start:])
    for at in range(start, len(text)):
        depth += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(text[at], 0)
        if depth == 0 and (text[at] == ";" or text[at] == "}" and not is_use):
            return at + 1
    return len(text)


def imports(tree):
    """Every (path, alias) of a use declaration; the alias of a glob import is `*`."""
    while match := BRACES.search(tree):
        parts = [match[1].strip() + part.strip() for part in match[2].split(",") if part.strip()]
        tree = tree[: match.start()] + ",".join(parts) + tree[match.end():]
    for leaf in tree.split(","):
        name, _, alias = leaf.partition(" as ")
        path = tuple(re.findall(r"\w+|\*", name))
        if len(path) > 1 and path[-1] in ("*", "self"):
            path, alias = path[:-1], "*" if path[-1] == "*" else alias
        yield path, alias.strip() or path[-1]


class Crate:
    """The modules of a crate. A module is the tuple of its path's names; the root is `()`."""

    def __init__(self, root):
        self.files, self.texts, self.items, self.imports = {}, {}, {}, {}
        self.read((), root, root.parent)

    def read(self, module, file, folder):
        for match in COMMENT_OR_LITERAL.finditer(text := file.read_text(encoding="utf-8")):
            text = blank(text, *match.span())
        self.load(module, file, folder, text)

    def load(self, module, file, folder, text):
        self.files[module], self.imports[module] = file, []
        while match := TEST.search(text):
            text = blank(text, match.start(), item_end(text, match.end()))
        while match := MOD.search(text):
            name, end = match[1], item_end(text, match.start())
            if match[2] == "{":
                self.load((*module, name), file, folder / name, blank(blank(text, 0, match.end()), end - 1, len(text)))
            for path in filter(Path.is_file, (folder / f"{name}.rs", folder / name / "mod.rs")):
                self.read((*module, name), path, folder / name)
            text = blank(text, match.start(), end)
        while match := USE.search(text):
            line = text.count("\n", 0, match.start(2)) + 1
            self.imports[module] += [(*found, line, bool(match[1])) for found in imports(match[2])]
            text = blank(text, *match.span())
        self.texts[module], self.items[module] = text, set(ITEM.findall(text))

    def resolve(self, module, path, seen=()):
        """(definer, False) for an item, (module, True) for a module, None for a name of another crate."""
        for index, name in enumerate(path):
            keyword = {"crate": (), "self": module, "super": module[:-1]}.get(name)
            found = (keyword, True) if keyword is not None else self.lookup(module, name, index == len(path) - 1, seen)
            if not found or not found[1]:
                return found or ((module, False) if index else None)
            module = found[0]
        return module, True

    def lookup(self, module, name, is_last, seen):
        """As `resolve`, for one name within a module. A module and an item may have the same name."""
        if (*module, name) in self.files and not (is_last and name in self.items[module]):
            return (*module, name), True
        if name in self.items[module]:
            return module, False
        for path, alias, *_ in () if (module, name) in seen else self.imports[module]:
            if alias in (name, "*"):
                found = self.resolve(module, path if alias == name else (*path, name), (*seen, (module, name)))
                if found and (alias == name or found[1] or name in self.items[found[0]]):
                    return found
        return None

    def dependencies(self):
        """(user, definer) -> (file, line, name) of the first use."""
        first = {}
        for module, text in self.texts.items():
            uses = [(path, line) for path, alias, line, public in self.imports[module]
                    if not public or re.search(rf"\b{re.escape(alias)}\b", text)]
            uses += [(tuple(re.findall(r"\w+", match[0])), text.count("\n", 0, match.start()) + 1)
                     for match in PATH.finditer(text)]
            for path, line in uses:
                found = self.resolve(module, path)
                if found and not found[1] and found[0] != module[: len(found[0])]:  # an item, and not of an ancestor
                    first.setdefault((module, found[0]), (self.files[module], line, "::".join(path)))
        return first


def cycles(edges):
    """The edges within each group of modules that can all reach each other."""
    reach = {user: {user} for user, _ in edges}
    for user, reached in reach.items():
        while new := {to for at, to in edges if at in reached} - reached:
            reached |= new
    groups = {frozenset(other for other in reach[user] if user in reach.get(other, ())) for user in reach}
    return [[edge for edge in edges if group.issuperset(edge)] for group in sorted(groups, key=sorted) if len(group) > 1]


def main():
    workspace = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    members = tomllib.loads((workspace / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["members"]
    roots = [workspace / member / "src" / name for member in members for name in ("lib.rs", "main.rs")]
    problems = []
    for root in filter(Path.is_file, roots):
        edges = Crate(root).dependencies()
        for cycle in cycles(edges):
            problems.append(f"{root}: these modules depend on each other:")
            for (user, definer), (file, line, name) in ((edge, edges[edge]) for edge in cycle):
                problems.append(f"  {'::'.join(user) or 'crate'} -> {'::'.join(definer)}: {file}:{line} uses {name}")
    if problems:
        raise SystemExit("\n".join([*problems, "Move what they share into a module that depends on none of them."]))


if __name__ == "__main__":
    main()
