#!/usr/bin/env python3
"""Tests of check_module_cycles.py on small crates."""

import tempfile
import unittest
from pathlib import Path

from check_module_cycles import Crate, cycles, imports


def dependencies(files):
    """The dependencies within a crate of these files, as {"user -> definer": "line name"}."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        crate = Crate(Path(folder, "lib.rs"))
        edges = crate.dependencies()
        show = "::".join
        groups = [sorted(f"{show(user)} -> {show(to)}" for user, to in group) for group in cycles(edges)]
        return {f"{show(user)} -> {show(to)}": f"{use[1]} {use[2]}" for (user, to), use in edges.items()}, groups


class Imports(unittest.TestCase):
    def test_nested_braces_aliases_globs_and_self_are_expanded(self):
        tree = "crate::{\n    a::{self, B as C, d::*},\n    E,\n}"
        self.assertEqual(
            sorted(imports(tree)),
            [(("crate", "E"), "E"), (("crate", "a"), "a"), (("crate", "a", "B"), "C"), (("crate", "a", "d"), "*")])


class Cycles(unittest.TestCase):
    def test_a_tree_has_no_cycle(self):
        edges, groups = dependencies({
            "lib.rs": "mod a;\nmod b;\npub use a::A;",
            "a.rs": "use crate::b::B;\npub struct A(B);",
            "b.rs": "pub struct B;",
        })
        self.assertEqual((edges, groups), ({"a -> b": "1 crate::b::B"}, []))

    def test_a_cycle_over_three_modules_is_found(self):
        _, groups = dependencies({
            "lib.rs": "mod a;\nmod b;\nmod c;\nmod d;",
            "a.rs": "use crate::{\n    b::B as Other,\n};\npub struct A(Other);",
            "b.rs": "pub struct B;\nfn f() { super::c::g() }",
            "c.rs": "pub fn g() { let _ = crate::a::A; }",
            "d.rs": "use crate::a::A;",
        })
        self.assertEqual(groups, [["a -> b", "b -> c", "c -> a"]])

    def test_the_line_and_name_of_the_first_use_are_known(self):
        edges, _ = dependencies({
            "lib.rs": "mod a;\nmod b;",
            "a.rs": "// crate::b::Comment\n/* crate::b::Other */\nconst TEXT: &str = \"crate::b::Text\";\n"
                    "fn f<'b>() { crate::b::g::<'b>() }",
            "b.rs": "pub fn g<'b>() {}",
        })
        self.assertEqual(edges, {"a -> b": "4 crate::b::g"})

    def test_a_reexport_counts_for_the_module_that_defines_the_name(self):
        edges, groups = dependencies({
            "lib.rs": "mod kafka;\nmod user;",
            "kafka/mod.rs": "mod client;\nmod record;\npub use client::Client;\npub use record::*;",
            "kafka/client.rs": "use crate::user;\npub struct Client(user::User);",
            "kafka/record.rs": "pub struct Record;",
            "user.rs": "use crate::kafka::Record;\npub struct User(Record);",
        })
        self.assertEqual(edges, {"kafka::client -> user": "2 user::User", "user -> kafka::record": "1 crate::kafka::Record"})
        self.assertEqual(groups, [])

    def test_a_child_may_use_its_ancestors_but_not_through_another_module(self):
        files = {
            "lib.rs": "mod a;\nmod b;",
            "a.rs": "mod child;\npub struct A;\nfn f() { child::g() }",
            "a/child.rs": "use super::A;\npub fn g() {}",
            "b.rs": "",
        }
        self.assertEqual(dependencies(files)[1], [])
        files |= {"a/child.rs": "use crate::b::B;\npub fn g() {}", "b.rs": "use crate::a::A;\npub struct B(A);"}
        self.assertEqual(dependencies(files)[1], [["a -> a::child", "a::child -> b", "b -> a"]])

    def test_test_code_is_ignored(self):
        _, groups = dependencies({
            "lib.rs": "mod a;\nmod b;",
            "a.rs": "pub struct A;\n#[cfg(test)]\nuse crate::b::{B};\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}",
            "b.rs": "use crate::a::A;\npub struct B(A);\n#[cfg(test)]\nmod tests;",
            "b/tests.rs": "use crate::a::A;",
        })
        self.assertEqual(groups, [])

    def test_inline_modules_are_modules(self):
        _, groups = dependencies({
            "lib.rs": "mod a {\n    pub struct A(super::b::B);\n}\nmod b {\n    use super::a::A;\n    pub struct B(Box<A>);\n}",
        })
        self.assertEqual(groups, [["a -> b", "b -> a"]])


if __name__ == "__main__":
    unittest.main()
