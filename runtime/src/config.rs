//! Layered configuration. Each layer overrides those before it: the defaults in the code, a TOML file, environment variables
//! (`VRU__SECTION__KEY`), flags (`--set section.key=value`). The error lists every mistake, not only the first.
//!
//! A dot is written `__` in the name of a variable, also in the names of free options: `VRU__KAFKA__OPTIONS__SOCKET__TIMEOUT__MS` is
//! `kafka.options."socket.timeout.ms"`.
//!
//! Sections are structs with `#[serde(default, deny_unknown_fields)]`. So a value with a mistake can be replaced by its default while the
//! other values are checked.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::error::Kind;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider as _};
use serde::de::DeserializeOwned;

use crate::report::toml_problem;

/// Prefix of environment variables that hold configuration.
pub const ENV_PREFIX: &str = "VRU__";

/// Tables whose keys contain dots: what follows is one key, not a path.
const FREE_TABLES: [&str; 1] = ["kafka.options"];

/// Checks of a section that the types of its fields do not express.
pub trait Validate {
    /// Adds every problem, not only the first.
    fn validate(&self, problems: &mut Problems);

    /// For `--check-config`: adds what would fail at the start beyond [`Validate::validate`], such as secrets, certificates and models.
    /// A service does not call it at its start, where one bad camera must not stop the others.
    fn check(&self, _problems: &mut Problems) {}
}

/// The problems found in a configuration, each with its key.
#[derive(Debug, Default)]
pub struct Problems {
    prefix: Vec<String>,
    found: Vec<String>,
}

impl Problems {
    /// Adds a problem of `key`, relative to the current section. `problem` continues the key: `is not between 0 and 1`.
    pub fn at(&mut self, key: &str, problem: impl fmt::Display) {
        let mut path = self.prefix.clone();
        path.extend((!key.is_empty()).then(|| key.to_owned()));
        self.found.push(format!("{}: {problem}", path.join(".")));
    }

    /// Adds the problem unless the condition holds.
    pub fn require(&mut self, holds: bool, key: &str, problem: impl fmt::Display) {
        if !holds {
            self.at(key, problem);
        }
    }

    /// Validates the section at `key`.
    pub fn section(&mut self, key: &str, section: &impl Validate) {
        self.prefix.push(key.to_owned());
        section.validate(self);
        self.prefix.pop();
    }

    /// Checks a section, as [`Validate::check`] says.
    pub fn check(&mut self, key: &str, section: &impl Validate) {
        self.prefix.push(key.to_owned());
        section.check(self);
        self.prefix.pop();
    }

    pub fn found(&self) -> &[String] {
        &self.found
    }
}

/// All problems of a configuration. Permanent: the operator must change the configuration.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// One line each: where, which key, what is wrong.
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

/// The layers above the defaults.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Path of a TOML file.
    pub file: Option<PathBuf>,
    /// Names and values. Variables without [`ENV_PREFIX`] are ignored.
    pub environment: Vec<(String, String)>,
    /// `section.key=value`. The last layer.
    pub flags: Vec<String>,
}

impl Layers {
    /// With the environment of this process.
    pub fn new(file: Option<PathBuf>, flags: Vec<String>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file, environment, flags }
    }
}

/// Reads and validates a configuration.
pub fn load<T: DeserializeOwned + Validate>(layers: &Layers) -> Result<T, ConfigError> {
    load_text(layers, &layers.file.as_ref().map_or(Ok(String::new()), std::fs::read_to_string))
}

/// Everything that `--check-config` reports about a configuration that [`load`] accepts.
pub fn check(config: &impl Validate) -> Result<(), ConfigError> {
    let mut problems = Problems::default();
    config.check(&mut problems);
    if problems.found.is_empty() { Ok(()) } else { Err(ConfigError { problems: problems.found }) }
}

/// Like [`load`], with the content of `layers.file`, or the error of reading it.
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
            None => problems.push(format!("flag --set {flag}: is not of the form KEY=VALUE")),
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

/// Key → the original text of a value from the environment or a flag, and where it came from.
#[derive(Default)]
struct Texts(BTreeMap<String, (String, String)>);

impl Texts {
    fn layer(&mut self, figment: Figment, key: String, text: &str, place: String) -> Figment {
        let merged = match free_key(&key) {
            Some((table, name)) => {
                figment.merge(Serialized::default(table, Dict::from([(name.to_owned(), typed(text))])))
            }
            None => figment.merge(Serialized::default(&key, typed(text))),
        };
        self.0.insert(key, (text.to_owned(), place));
        merged
    }
}

/// Table and key of a path into one of [`FREE_TABLES`]. Quotes around the key, as in TOML, are no part of it.
fn free_key(path: &str) -> Option<(&str, &str)> {
    FREE_TABLES.iter().find_map(|table| {
        let name = path.strip_prefix(table)?.strip_prefix('.')?;
        Some((*table, name.trim_matches(['"', '\''])))
    })
}

/// The value of a text from the environment or a flag: a boolean, a number, a TOML list, table or quoted string, else the text itself.
/// Replaces figment's own parser, which panics on some escapes in quotes.
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

/// Deserialises repeatedly to find every mistake: each failure is added to `problems`, and its value is removed, so that the next attempt
/// uses the default.
fn extract<T: DeserializeOwned>(
    file: Option<&Path>,
    values: &mut Dict,
    texts: &Texts,
    problems: &mut Vec<String>,
) -> Option<T> {
    // A bound on the number of attempts, far above any real number of mistakes.
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
        // `typed` reads `12` and `true` as a number and a boolean. If the field is a string, use the original text.
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

/// Removes the value, or the nearest enclosing one that can be removed: an element of a list is removed with its list.
fn remove(values: &mut Dict, path: &[String]) -> bool {
    (1..=path.len()).rev().any(|length| {
        let (last, above) = path[..length].split_last().expect("length is 1 or more");
        parent(values, above).is_some_and(|dict| dict.remove(last).is_some())
    })
}

#[cfg(test)]
mod tests;
