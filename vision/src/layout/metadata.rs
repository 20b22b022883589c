//! The metadata that exporters write into an ONNX file.

use std::collections::{BTreeMap, HashMap};

use crate::model_card::ModelCard;

// No data set has more labels; a longer list is corrupt.
const MAX_LABELS: usize = 10_000;

/// The metadata of an ONNX file, by key.
pub type Metadata = HashMap<String, String>;

/// The names of the model's classes: from the card, else from the metadata (`names`, as Ultralytics writes it). Empty if
/// neither has any.
pub fn labels(metadata: &Metadata, card: Option<&ModelCard>) -> Vec<String> {
    match card {
        Some(card) if !card.labels.is_empty() => card.labels.clone(),
        _ => metadata.get("names").and_then(|text| parse_names(text)).unwrap_or_default(),
    }
}

/// Width and height of the model's input: from the card, else from the metadata (`imgsz`, in which the height is first).
pub fn input_size(metadata: &Metadata, card: Option<&ModelCard>) -> Option<(u32, u32)> {
    if let Some((width, height)) = card.and_then(|card| card.input.width.zip(card.input.height)) {
        return Some((width, height));
    }
    match numbers(metadata.get("imgsz")?)[..] {
        [side] => Some((side, side)),
        [height, width] => Some((width, height)),
        _ => None,
    }
}

/// The whole numbers in a text such as `[384, 640]`, up to one that is too large.
pub(super) fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map_while(|part| part.parse().ok())
        .collect()
}

/// Whether a dictionary as Python or JSON writes it has `key` set to true.
pub(super) fn states(dictionary: &str, key: &str) -> bool {
    let text: String = dictionary.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    ['\'', '"'].iter().any(|quote| text.contains(&format!("{quote}{key}{quote}:true")))
}

/// Reads `{0: 'person', 1: 'bicycle'}`, `{"0": "person"}` or `['person', 'bicycle']`. `None` for any other form, or if an index
/// is missing.
fn parse_names(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let (inner, keyed) = if let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        (inner, true)
    } else {
        (text.strip_prefix('[')?.strip_suffix(']')?, false)
    };
    let mut rest = inner.trim_start();
    let mut names = BTreeMap::new();
    while !rest.is_empty() {
        let index = if keyed {
            let (key, after) = token(rest)?;
            rest = after.trim_start().strip_prefix(':')?.trim_start();
            key.trim().parse::<usize>().ok()?
        } else {
            names.len()
        };
        let (name, after) = token(rest)?;
        if names.len() == MAX_LABELS || names.insert(index, name).is_some() {
            return None;
        }
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.is_empty() => {}
            None => return None,
        }
    }
    let complete = names.keys().enumerate().all(|(at, &index)| at == index);
    complete.then(|| names.into_values().collect())
}

/// A quoted string with its escapes resolved, or the text up to the next `:` or `,`. Also returns the remaining text.
fn token(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next()?;
    if quote != '\'' && quote != '"' {
        let end = text.find([':', ',']).unwrap_or(text.len());
        return Some((text[..end].trim().to_owned(), &text[end..]));
    }
    let mut name = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            name.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Some((name, &text[at + 1..]));
        } else {
            name.push(c);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    fn metadata(key: &str, value: &str) -> Metadata {
        Metadata::from([(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn names_are_read_as_python_and_json_write_them() {
        for text in [
            "{0: 'person', 1: \"driver's seat\"}",
            r#"{"0": "person", "1": "driver's seat"}"#,
            r"['person', 'driver\'s seat']",
        ] {
            assert_eq!(labels(&metadata("names", text), None), ["person", "driver's seat"], "{text}");
        }
    }

    #[test]
    fn malformed_names_are_ignored() {
        for text in ["", "{", "{0: 'a', 2: 'b'}", "{0: 'a' 1: 'b'}", "{0: 'a", "{x: 'a'}", "{0: 'a', 0: 'b'}", "[,]x"] {
            assert!(labels(&metadata("names", text), None).is_empty(), "{text}");
        }
    }

    #[test]
    fn corrupt_names_never_panic() {
        let mut random = StdRng::seed_from_u64(23);
        let pieces =
            ["{", "}", "[", "]", "'", "\"", "\\", ":", ",", " ", "0", "1", "18446744073709551616", "person", "ü", "\n"];
        for _ in 0..50_000 {
            let count = random.random_range(0..12);
            let text: String = (0..count).map(|_| pieces[random.random_range(0..pieces.len())]).collect();
            let found = labels(&metadata("names", &format!("{{{text}}}")), None);
            assert!(found.len() <= text.len());
            input_size(&metadata("imgsz", &text), None);
        }
    }

    #[test]
    fn arguments_of_the_exporter_are_read_as_python_and_json_write_them() {
        for text in ["{'nms': True, 'batch': 1}", "{\"half\": false, \"nms\": true}"] {
            assert!(states(text, "nms"), "{text}");
        }
        for text in ["", "{'nms': False}", "{'agnostic_nms': True, 'nms': None}", "nms: true"] {
            assert!(!states(text, "nms"), "{text}");
        }
    }

    #[test]
    fn labels_of_the_card_take_precedence() {
        let card = ModelCard::parse("name = \"a\"\nversion = \"1\"\nlabels = [\"car\"]").unwrap();
        assert_eq!(labels(&metadata("names", "['person']"), Some(&card)), ["car"]);
    }

    #[test]
    fn the_input_size_is_height_first_in_metadata() {
        assert_eq!(input_size(&metadata("imgsz", "[384, 640]"), None), Some((640, 384)));
        assert_eq!(input_size(&metadata("imgsz", "640"), None), Some((640, 640)));
        assert_eq!(input_size(&metadata("imgsz", "none"), None), None);
        assert_eq!(input_size(&metadata("imgsz", "[99999999999, 640]"), None), None);
    }
}
