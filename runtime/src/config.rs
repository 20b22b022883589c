//! Configuration in layers, weakest first: the defaults in the code, a TOML file, the environment (`VRU__SECTION__KEY`), and
//! flags (`--set section.key=value`). It is read whole: every mistake is listed, not just the first.
//!
//! Sections are structs with `#[serde(default, deny_unknown_fields)]`, so that a mistake in one field can be noted and set
//! aside while the others are read.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider as _};
use serde::de::DeserializeOwned;

use crate::report::toml_problem;

/// Prefix of the environment variables that configure.
pub const ENV_PREFIX: &str = "VRU__";

/// A section that knows what it must hold beyond the types of its fields.
pub trait Validate {
    /// Notes every problem, not only the first.
    fn validate(&self, problems: &mut Problems);
}

/// What is wrong with a configuration, each with the key at fault.
#[derive(Debug, Default)]
pub struct Problems {
    prefix: Vec<String>,
    found: Vec<String>,
}

impl Problems {
    /// Notes a problem with the key, relative to the current section.
    pub fn at(&mut self, key: &str, problem: impl fmt::Display) {
        let mut path = self.prefix.clone();
        path.extend((!key.is_empty()).then(|| key.to_owned()));
        self.found.push(format!("{}: {problem}", path.join(".")));
    }

    /// Notes the problem unless the condition holds.
    pub fn require(&mut self, holds: bool, key: &str, problem: impl fmt::Display) {
        if !holds {
            self.at(key, problem);
        }
    }

    /// Validates a section under its key.
    pub fn section(&mut self, key: &str, section: &impl Validate) {
        self.prefix.push(key.to_owned());
        section.validate(self);
        self.prefix.pop();
    }

    /// All problems found so far.
    pub fn found(&self) -> &[String] {
        &self.found
    }
}

/// Every problem of a configuration. Trying again without changing it cannot help.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// One line each.
    pub problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(f, "the configuration has {count} problem{}:", if count == 1 { "" } else { "s" })?;
        for problem in &self.problems {
            write!(f, "\n  - {problem}")?;
        }
        Ok(())
    }
}

/// Where a configuration comes from, beside the defaults.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// TOML.
    pub file: Option<PathBuf>,
    /// Variables by name; those without [`ENV_PREFIX`] are passed over.
    pub environment: Vec<(String, String)>,
    /// `section.key=value`, strongest.
    pub flags: Vec<String>,
}

impl Layers {
    /// A file, this process's environment, and flags.
    pub fn new(file: Option<PathBuf>, flags: Vec<String>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file, environment, flags }
    }
}

/// Reads and validates. The error lists everything that is wrong.
pub fn load<T: DeserializeOwned + Validate>(layers: &Layers) -> Result<T, ConfigError> {
    load_text(layers, &layers.file.as_ref().map_or(Ok(String::new()), std::fs::read_to_string))
}

/// As [`load`], with what reading the file gave.
pub fn load_text<T: DeserializeOwned + Validate>(
    layers: &Layers,
    file: &std::io::Result<String>,
) -> Result<T, ConfigError> {
    let mut problems = Vec::new();
    let mut texts = Texts::default();
    let mut figment = Figment::new();
    if let Some(path) = &layers.file {
        figment = file_layer(figment, path, file, &mut problems);
    }
    for (name, text) in &layers.environment {
        if let Some(key) = name.strip_prefix(ENV_PREFIX) {
            let key = key.to_lowercase().replace("__", ".");
            figment = texts.layer(figment, key, text, format!("environment variable {name}"));
        }
    }
    for flag in &layers.flags {
        match flag.split_once('=') {
            Some((key, text)) => figment = texts.layer(figment, key.to_owned(), text, format!("flag --set {key}")),
            None => problems.push(format!("flag --set {flag}: is not KEY=VALUE")),
        }
    }
    let mut values = figment
        .data()
        .map_err(|error| ConfigError { problems: vec![error.to_string()] })?
        .remove(&Profile::Default)
        .unwrap_or_default();
    let config = extract::<T>(layers.file.as_deref(), &mut values, &texts, &mut problems);
    let mut found = Problems::default();
    if let Some(config) = &config {
        config.validate(&mut found);
    }
    problems.extend(found.found);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(ConfigError { problems }),
    }
}

fn file_layer(figment: Figment, path: &Path, file: &std::io::Result<String>, problems: &mut Vec<String>) -> Figment {
    let problem = match file {
        Ok(text) => match toml::from_str::<toml::Table>(text) {
            Ok(_) => return figment.merge(Toml::string(text)),
            Err(error) => toml_problem(text, &error),
        },
        Err(error) => error.to_string(),
    };
    problems.push(format!("file {}: {problem}", path.display()));
    figment
}

/// The text that stood behind a value of the environment or a flag, and its place, by key.
#[derive(Default)]
struct Texts(BTreeMap<String, (String, String)>);

impl Texts {
    fn layer(&mut self, figment: Figment, key: String, text: &str, place: String) -> Figment {
        let merged = figment.merge(Serialized::default(&key, typed(text)));
        self.0.insert(key, (text.to_owned(), place));
        merged
    }
}

/// What a text of the environment or a flag stands for: a truth value, a number, a list, table or quoted text as TOML writes
/// them, else the text. Not figment's own reading of it, which panics on some escapes in quotes.
fn typed(text: &str) -> Value {
    let trimmed = text.trim();
    let simple = None
        .or_else(|| trimmed.parse::<bool>().ok().map(Value::from))
        .or_else(|| trimmed.parse::<i64>().ok().map(Value::from))
        .or_else(|| trimmed.parse::<u64>().ok().map(Value::from))
        .or_else(|| trimmed.parse::<f64>().ok().map(Value::from));
    let as_toml = || {
        let table: toml::Table = toml::from_str(&format!("value = {trimmed}")).ok()?;
        let only = if table.len() == 1 { table.get("value") } else { None };
        Value::serialize(only?).ok()
    };
    let written = trimmed.starts_with(['"', '[', '{']);
    simple.or_else(|| if written { as_toml() } else { None }).unwrap_or_else(|| Value::from(text.to_owned()))
}

/// Deserialises again and again; each time the value at fault is noted and taken out, so that the default stands in for it.
fn extract<T: DeserializeOwned>(
    file: Option<&Path>,
    values: &mut Dict,
    texts: &Texts,
    problems: &mut Vec<String>,
) -> Option<T> {
    // Far more mistakes than anybody reads; the loop must end even if a value cannot be taken out.
    for _ in 0..200 {
        let error = match Value::from(values.clone()).deserialize::<T>() {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        let mut path = error.path.clone();
        if let Kind::UnknownField(name, _) = &error.kind
            && path.last() != Some(name)
        {
            path.push(name.clone());
        }
        let key = path.join(".");
        // `12` or `true` in the environment is a number or a truth value, until the field turns out to want text.
        if let (Kind::InvalidType(_, wanted), Some((text, _))) = (&error.kind, texts.0.get(&key))
            && wanted.contains("string")
            && replace(values, &path, Value::from(text.clone()))
        {
            continue;
        }
        let place = match (texts.0.get(&key), file) {
            (Some((_, place)), _) => place.clone(),
            (None, Some(path)) => format!("file {}", path.display()),
            (None, None) => "configuration".to_owned(),
        };
        problems.push(format!("{place}: {key}: {}", error.kind));
        if !remove(values, &path) {
            return None;
        }
    }
    None
}

fn parent<'a>(mut dict: &'a mut Dict, path: &[String]) -> Option<&'a mut Dict> {
    for key in path {
        match dict.get_mut(key) {
            Some(Value::Dict(_, inner)) => dict = inner,
            _ => return None,
        }
    }
    Some(dict)
}

fn replace(values: &mut Dict, path: &[String], value: Value) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    let Some(slot) = parent(values, above).and_then(|dict| dict.get_mut(last)) else { return false };
    if matches!(slot, Value::String(..)) {
        return false;
    }
    *slot = value;
    true
}

/// Takes out the value, or the nearest one above it that can be taken out (an element of a list goes with its list).
fn remove(values: &mut Dict, path: &[String]) -> bool {
    (1..=path.len()).rev().any(|length| {
        let (last, above) = path[..length].split_last().expect("length is 1 or more");
        parent(values, above).is_some_and(|dict| dict.remove(last).is_some())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::Deserialize;

    use super::*;
    use crate::secret::Secret;

    #[derive(Debug, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Service {
        port: u16,
        name: String,
        database: Database,
    }

    impl Default for Service {
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

    impl Validate for Service {
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
    fn stronger_layers_win() {
        let (layers, _dir) = layers(
            Some("port = 1\nname = 'file'\n[database]\npool_size = 1\ntimeout = '1s'"),
            &[("VRU__DATABASE__POOL_SIZE", "2"), ("VRU__NAME", "env"), ("OTHER__NAME", "x")],
            &["name=flag"],
        );
        let config: Service = load(&layers).unwrap();
        assert_eq!((config.port, config.name.as_str(), config.database.pool_size), (1, "flag", 2));
        assert_eq!(config.database.timeout, Duration::from_secs(1));
    }

    #[test]
    fn text_that_looks_like_a_number_stays_text_where_text_is_wanted() {
        let (layers, _dir) = layers(None, &[("VRU__DATABASE__PASSWORD", "007"), ("VRU__NAME", "true")], &[]);
        let config: Service = load(&layers).unwrap();
        assert_eq!(config.database.password.expose(), "007");
        assert_eq!(config.name, "true");
    }

    #[test]
    fn texts_of_the_environment_are_typed() {
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
    fn every_mistake_is_listed_with_its_place() {
        let (layers, _dir) = layers(
            Some("port = 'eighty'\nprot = 1\n[database]\ntimeout = 'soon'\npool_size = 100"),
            &[("VRU__DATABASE__PASWORD", "x"), ("VRU__NAME", "")],
            &["database"],
        );
        let problems = load::<Service>(&layers).unwrap_err().problems;
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
        let error = load::<Service>(&layers).unwrap_err();
        assert!(error.problems[0].contains("vru.toml"), "{error}");
    }
}
