use std::collections::BTreeSet;

use gstreamer as gst;

use super::*;

const VALUES: Values = Values { decoder_threads: 1, jpeg_quality: 85 };

fn lines(description: &PipelineDescription) -> Vec<String> {
    let mut lines: Vec<_> =
        [Codec::H264, Codec::H265].iter().map(|codec| description.decode_launch(*codec, VALUES)).collect();
    lines.extend(description.encode_launch(VALUES));
    lines
}

/// Elements of the line that this host lacks; a line that does not parse for another reason fails the test.
fn missing(line: &str) -> BTreeSet<String> {
    let mut context = gst::ParseContext::new();
    match gst::parse::bin_from_description_full(line, true, Some(&mut context), gst::ParseFlags::FATAL_ERRORS) {
        Ok(_) => BTreeSet::new(),
        Err(error) => {
            let missing: BTreeSet<_> = context.missing_elements().into_iter().collect();
            assert!(!missing.is_empty(), "`{line}` does not parse: {error}");
            missing
        }
    }
}

#[test]
fn every_file_is_embedded_and_every_embedded_one_loads() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../pipelines");
    let files: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".yaml").map(str::to_owned))
        .collect();
    assert_eq!(files, names().into_iter().map(str::to_owned).collect());
    for name in names() {
        assert_eq!(load(name).unwrap().name, name);
    }
    assert_eq!(load("").unwrap().name, DEFAULT);
}

#[test]
fn gstreamer_parses_each_line_and_lacks_only_declared_hardware() {
    crate::init().unwrap();
    for name in names() {
        let description = load(name).unwrap();
        let declared: BTreeSet<_> = description.hardware.iter().cloned().collect();
        let lines = lines(&description);
        for line in &lines {
            let absent = missing(line);
            assert!(absent.is_subset(&declared), "{name}: `{line}` lacks {absent:?}, declared are {declared:?}");
        }
        let whole = lines.join(" ! ");
        for element in &declared {
            assert!(whole.contains(element.as_str()), "{name} declares {element} but does not use it");
        }
    }
}

/// Where a hardware element is missing, its neighbours must still be right: each is replaced by `identity` and parsed.
#[test]
fn what_surrounds_missing_hardware_parses() {
    crate::init().unwrap();
    for name in names() {
        let description = load(name).unwrap();
        for line in lines(&description) {
            let absent = missing(&line);
            let elements: Vec<_> = line
                .split(" ! ")
                .map(|part| {
                    let element = part.split_whitespace().next().unwrap();
                    if absent.contains(element) { "identity" } else { part }
                })
                .collect();
            assert_eq!(missing(&elements.join(" ! ")), BTreeSet::new(), "{name}");
        }
    }
}

#[test]
fn mistakes_are_named() {
    let good = include_str!("../../../pipelines/software.yaml");
    for (from, to, expected) in [
        ("summary:", "sumary:", "read pipeline description"),
        ("{jpeg_quality}", "{quality}", "unknown placeholder"),
        ("name: software", "name: other", "its name is `other`"),
        ("capsfilter name=size", "capsfilter", "capsfilter name=size"),
        ("output: jpeg", "output: passthrough", "has no `encode`"),
    ] {
        let broken = good.replacen(from, to, 1);
        assert_ne!(broken, good);
        let error = PipelineDescription::parse("software", &broken).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(load("gpu").unwrap_err().to_string().contains("software, vaapi, nvdec, passthrough"));
}
