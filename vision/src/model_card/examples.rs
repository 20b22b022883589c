//! The model cards in `models/` are valid.

use std::path::Path;

use super::ModelCard;

fn cards(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cards(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn every_card_in_models_is_accepted() {
    let mut found = Vec::new();
    cards(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"), &mut found);
    assert!(!found.is_empty());
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(error) = ModelCard::parse(&text) {
            panic!("{}: {error} {:?}", path.display(), std::error::Error::source(&error));
        }
    }
}
