use std::collections::BTreeSet;
use std::error::Error as _;

use super::*;
use crate::Codec;
use crate::description::PlaceholderValues;
use crate::launch;

const VALUES: PlaceholderValues = PlaceholderValues { decoder_threads: 1, jpeg_quality: 85 };
const SOFTWARE: &str = include_str!("../../../pipelines/software.yaml");

fn lines(description: &PipelineDescription) -> Vec<String> {
    let mut lines: Vec<_> =
        [Codec::H264, Codec::H265].iter().map(|codec| description.decode_launch(*codec, VALUES)).collect();
    lines.extend(description.encode_launch(VALUES));
    lines
}

/// The elements of the line that this host lacks. A line with any other problem fails the test.
fn missing(line: &str) -> BTreeSet<String> {
    match launch::bin(line) {
        Ok(_) => BTreeSet::new(),
        Err(error) => {
            assert!(!error.missing.is_empty(), "`{line}` does not parse: {:?}", error.source);
            error.missing.into_iter().collect()
        }
    }
}

/// A folder with the given files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn every_file_in_pipelines_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../pipelines");
    let files: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".yaml").map(str::to_owned))
        .collect();
    let set = PipelineSet::embedded();
    assert_eq!(files, set.names().map(str::to_owned).collect());
    assert_eq!(set.get("").unwrap().name, DEFAULT);
    let error = set.get("gpu").unwrap_err().to_string();
    assert!(error.contains("software, vaapi, nvdec, passthrough"), "{error}");
}

#[test]
fn embedded_pipelines_lack_only_declared_hardware() {
    for description in &PipelineSet::embedded().descriptions {
        description.check_elements().unwrap();
        let whole = lines(description).join(" ! ");
        for element in &description.hardware {
            assert!(whole.contains(element.as_str()), "{} declares {element} but does not use it", description.name);
        }
    }
}

/// GStreamer checks properties and links only as far as the elements exist. So each missing hardware element is replaced by
/// `identity`, and the rest of the line is parsed.
#[test]
fn embedded_pipelines_parse_around_missing_hardware() {
    crate::init().unwrap();
    for description in &PipelineSet::embedded().descriptions {
        for line in lines(description) {
            let absent = missing(&line);
            let elements: Vec<_> = line
                .split(" ! ")
                .map(|part| {
                    let element = part.split_whitespace().next().unwrap();
                    if absent.contains(element) { "identity" } else { part }
                })
                .collect();
            assert_eq!(missing(&elements.join(" ! ")), BTreeSet::new(), "{}", description.name);
        }
    }
}

#[test]
fn mistakes_in_a_description_are_named() {
    for (from, to, expected) in [
        ("summary:", "sumary:", "cannot parse pipeline description"),
        ("{jpeg_quality}", "{quality}", "unknown placeholder"),
        ("name: software", "name: other", "its `name` is `other`"),
        ("capsfilter name=size", "capsfilter", "capsfilter name=size"),
        ("output: jpeg", "output: passthrough", "has no `encode`"),
    ] {
        let broken = SOFTWARE.replacen(from, to, 1);
        assert_ne!(broken, SOFTWARE);
        let error = PipelineDescription::parse("software", &broken).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn files_in_a_folder_are_added_to_the_embedded_pipelines() {
    let tuned = SOFTWARE.replace("name: software", "name: tuned").replace("quality={jpeg_quality}", "quality=50");
    let folder = folder(&[("tuned.yaml", &tuned), ("notes.txt", "not a pipeline")]);
    let set = PipelineSet::with_folder(folder.path()).unwrap();
    assert_eq!(set.names().collect::<Vec<_>>(), ["software", "vaapi", "nvdec", "passthrough", "tuned"]);
    assert!(set.get("tuned").unwrap().encode_launch(VALUES).unwrap().contains("quality=50"));
}

#[test]
fn every_broken_file_in_a_folder_is_reported() {
    let named = |name: &str| SOFTWARE.replace("name: software", &format!("name: {name}"));
    let folder = folder(&[
        ("element.yaml", &named("element").replace("avdec_h264", "magicdec")),
        ("property.yaml", &named("property").replace("output-corrupt=false", "no-such-property=1")),
        ("software.yaml", SOFTWARE),
        ("syntax.yml", "name: [syntax"),
    ]);
    let problems = PipelineSet::with_folder(folder.path()).unwrap_err();
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let expected = [
        ("`element`", "this host has no GStreamer element `magicdec`"),
        ("`property`", "no-such-property"),
        ("`software`", "a pipeline with this name exists"),
        ("`syntax`", "cannot parse"),
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, (name, text)) in problems.iter().zip(expected) {
        assert!(problem.contains(name) && problem.contains(text), "{problem}");
    }
}

#[test]
fn a_missing_element_is_accepted_if_declared_as_hardware() {
    let yaml = SOFTWARE
        .replace("name: software", "name: magic\nhardware: [magicdec]")
        .replace("avdec_h264 max-threads={decoder_threads} output-corrupt=false", "magicdec");
    let folder = folder(&[("magic.yaml", &yaml)]);
    assert!(PipelineSet::with_folder(folder.path()).is_ok());
}

#[test]
fn a_folder_that_does_not_exist_is_reported() {
    let problems = PipelineSet::with_folder(Path::new("/nowhere")).unwrap_err();
    assert_eq!(problems[0].to_string(), "cannot read /nowhere");
    assert!(problems[0].source().is_some());
}

#[test]
fn the_example_in_the_documentation_is_valid() {
    let text = include_str!("../../../pipelines/README.md");
    let yaml = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let description = PipelineDescription::parse("v4l2", yaml).unwrap();
    description.check_elements().unwrap();
}
