use std::time::Duration;

use serde::Deserialize;

use super::*;
use crate::secret::Secret;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    port: u16,
    name: String,
    database: Database,
}

impl Default for Settings {
    fn default() -> Self {
        Self { port: 80, name: "service".to_owned(), database: Database::default() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Database {
    #[serde(with = "humantime_serde")]
    timeout: Duration,
    password: Secret,
    pool_size: u32,
}

impl Validate for Settings {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.name.is_empty(), "name", "is empty");
        problems.section("database", &self.database);
    }
}

impl Validate for Database {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.pool_size < 100, "pool_size", format!("is {}, more than 99", self.pool_size));
    }
}

fn layers(file: Option<&str>, environment: &[(&str, &str)], flags: &[&str]) -> (Layers, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = file.map(|text| {
        let path = dir.path().join("vru.toml");
        std::fs::write(&path, text).unwrap();
        path
    });
    let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    (Layers { file: path, environment, flags }, dir)
}

#[test]
fn later_layers_override_earlier_ones() {
    let (layers, _dir) = layers(
        Some("port = 1\nname = 'file'\n[database]\npool_size = 1\ntimeout = '1s'"),
        &[("VRU__DATABASE__POOL_SIZE", "2"), ("VRU__NAME", "env"), ("OTHER__NAME", "x")],
        &["name=flag"],
    );
    let config: Settings = load(&layers).unwrap();
    assert_eq!((config.port, config.name.as_str(), config.database.pool_size), (1, "flag", 2));
    assert_eq!(config.database.timeout, Duration::from_secs(1));
}

#[test]
fn a_string_field_keeps_text_that_looks_like_a_number() {
    let (layers, _dir) = layers(None, &[("VRU__DATABASE__PASSWORD", "007"), ("VRU__NAME", "true")], &[]);
    let config: Settings = load(&layers).unwrap();
    assert_eq!(config.database.password.expose(), "007");
    assert_eq!(config.name, "true");
}

#[test]
fn environment_values_are_typed() {
    for (text, wanted) in [
        ("true", Value::from(true)),
        ("-7", Value::from(-7_i64)),
        ("0.5", Value::from(0.5)),
        ("[\"a\", \"b\"]", Value::from(vec!["a", "b"])),
        ("\"12\"", Value::from("12")),
        (
            "\"\u{fffd}\\4\u{fffd}\u{fffd}\u{fffd}\u{fffd}\"",
            Value::from("\"\u{fffd}\\4\u{fffd}\u{fffd}\u{fffd}\u{fffd}\""),
        ),
        ("[1, 2", Value::from("[1, 2")),
        ("plain text", Value::from("plain text")),
    ] {
        assert_eq!(typed(text), wanted, "{text}");
    }
}

#[test]
fn every_mistake_is_listed_with_its_origin() {
    let (layers, _dir) = layers(
        Some("port = 'eighty'\nprot = 1\n[database]\ntimeout = 'soon'\npool_size = 100"),
        &[("VRU__DATABASE__PASWORD", "x"), ("VRU__NAME", "")],
        &["database"],
    );
    let problems = load::<Settings>(&layers).unwrap_err().problems;
    let wanted =
        ["port", "prot", "database.timeout", "database.pasword", "database.pool_size", "name", "--set database"];
    for key in wanted {
        assert!(problems.iter().any(|problem| problem.contains(key)), "{key} is not in {problems:#?}");
    }
    assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
    assert!(problems.iter().any(|problem| problem.contains("vru.toml")), "{problems:#?}");
    assert!(problems.iter().any(|problem| problem.contains("VRU__DATABASE__PASWORD")), "{problems:#?}");
}

#[test]
fn a_broken_file_is_named() {
    let (layers, _dir) = layers(Some("port = "), &[], &[]);
    let error = load::<Settings>(&layers).unwrap_err();
    assert!(error.problems[0].contains("vru.toml"), "{error}");
}
