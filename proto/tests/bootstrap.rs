//! The generated code matches the `.proto` files, and the wire format stays compatible.
//!
//! `VRU_BLESS=1 cargo test -p vru-proto --test bootstrap` writes the generated code and, if the change is compatible, the new wire
//! baseline.

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

const PROTOS: [&str; 8] = [
    "vru/v1/alert.proto",
    "vru/v1/alerts.proto",
    "vru/v1/camera.proto",
    "vru/v1/camera_test.proto",
    "vru/v1/detection.proto",
    "vru/v1/file.proto",
    "vru/v1/frame.proto",
    "vru/v1/rule_kinds.proto",
];

fn crate_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn bless() -> bool {
    std::env::var_os("VRU_BLESS").is_some()
}

fn descriptors() -> FileDescriptorSet {
    protox::compile(PROTOS, [crate_dir().join("proto")]).expect("the proto files compile")
}

fn generate(into: &Path) {
    let mut set = descriptors();
    tonic_prost_build::configure()
        .bytes(".vru.v1.Frame.payload")
        .bytes(".vru.v1.Alert.snapshot")
        .bytes(".vru.v1.SeenStream.snapshot")
        // `src/lib.rs` implements `Debug`, because a password must not appear in a log.
        .skip_debug([".vru.v1.Credentials", ".vru.v1.PullSource"])
        .out_dir(into)
        .compile_fds(set.clone())
        .expect("the code is generated");
    // gRPC reflection uses the descriptors at run time. Comments would only make the program larger.
    for file in &mut set.file {
        file.source_code_info = None;
    }
    fs::write(into.join("vru.v1.descriptors.binpb"), set.encode_to_vec()).expect("write descriptors");
}

#[test]
fn generated_code_is_fresh() {
    let fresh = tempfile::tempdir().expect("temporary folder");
    generate(fresh.path());
    let kept = crate_dir().join("src/gen");
    for name in ["vru.v1.rs", "vru.v1.descriptors.binpb"] {
        let new = fs::read(fresh.path().join(name)).expect("the generator wrote it");
        if bless() {
            fs::write(kept.join(name), &new).expect("write generated code");
        }
        let old = fs::read(kept.join(name)).unwrap_or_default();
        assert!(old == new, "src/gen/{name} is stale: run `VRU_BLESS=1 cargo test -p vru-proto --test bootstrap`");
    }
}

#[test]
fn wire_format_stays_compatible() {
    let path = crate_dir().join("tests/wire-baseline.binpb");
    let new = descriptors();
    let old = fs::read(&path).unwrap_or_default();
    let old = FileDescriptorSet::decode(old.as_slice()).expect("the baseline parses");
    let breaks = breaking_changes(&old, &new);
    assert!(breaks.is_empty(), "readers of the old format would break:\n{}", breaks.join("\n"));
    if bless() {
        let mut kept = new;
        for file in &mut kept.file {
            file.source_code_info = None;
        }
        fs::write(&path, kept.encode_to_vec()).expect("write baseline");
    } else {
        assert!(!old.file.is_empty(), "tests/wire-baseline.binpb is missing");
    }
}

/// The changes in `new` that a program built from `old` would misread.
fn breaking_changes(old: &FileDescriptorSet, new: &FileDescriptorSet) -> Vec<String> {
    let mut found = Vec::new();
    for was in messages(old) {
        match messages(new).find(|is| is.name() == was.name()) {
            Some(is) => message_changes(was, is, &mut found),
            None => found.push(format!("message {} is gone", was.name())),
        }
    }
    for was in enums(old) {
        match enums(new).find(|is| is.name() == was.name()) {
            Some(is) => enum_changes(was, is, &mut found),
            None => found.push(format!("enum {} is gone", was.name())),
        }
    }
    let methods = |set: &FileDescriptorSet| -> Vec<String> {
        let services = set.file.iter().flat_map(|file| &file.service);
        services
            .flat_map(|service| {
                service.method.iter().map(|method| {
                    format!(
                        "rpc {}.{}({}) {} streaming={}",
                        service.name(),
                        method.name(),
                        method.input_type(),
                        method.output_type(),
                        method.server_streaming()
                    )
                })
            })
            .collect()
    };
    let now = methods(new);
    found.extend(methods(old).into_iter().filter(|rpc| !now.contains(rpc)).map(|rpc| format!("{rpc} is gone")));
    found
}

fn messages(set: &FileDescriptorSet) -> impl Iterator<Item = &DescriptorProto> {
    set.file.iter().flat_map(|file: &FileDescriptorProto| &file.message_type)
}

fn enums(set: &FileDescriptorSet) -> impl Iterator<Item = &EnumDescriptorProto> {
    set.file.iter().flat_map(|file: &FileDescriptorProto| &file.enum_type)
}

fn message_changes(was: &DescriptorProto, is: &DescriptorProto, found: &mut Vec<String>) {
    for field in &was.field {
        let place = format!("{}.{} = {}", was.name(), field.name(), field.number());
        let Some(now) = is.field.iter().find(|now| now.number() == field.number()) else {
            let reserved = is.reserved_range.iter().any(|range| (range.start()..range.end()).contains(&field.number()));
            if !reserved {
                found.push(format!("{place} is gone and its number is not reserved"));
            }
            continue;
        };
        if now.name() != field.name() {
            found.push(format!("{place} is now called {}", now.name()));
        }
        let shape = |f: &prost_types::FieldDescriptorProto| (f.r#type(), f.label(), f.type_name().to_owned());
        if shape(now) != shape(field) {
            found.push(format!("{place} has another type"));
        }
    }
}

fn enum_changes(was: &EnumDescriptorProto, is: &EnumDescriptorProto, found: &mut Vec<String>) {
    for value in &was.value {
        let same = is.value.iter().any(|now| now.number() == value.number() && now.name() == value.name());
        if !same {
            found.push(format!("{}: {} = {} is gone", was.name(), value.name(), value.number()));
        }
    }
}

#[test]
fn a_breaking_change_is_found() {
    let old = descriptors();
    let mut new = old.clone();
    let frame = new
        .file
        .iter_mut()
        .flat_map(|file| &mut file.message_type)
        .find(|message| message.name() == "Frame")
        .expect("Frame is defined");
    frame.field.retain(|field| field.name() != "width");
    let height = frame.field.iter_mut().find(|field| field.name() == "height").expect("a height");
    height.set_type(prost_types::field_descriptor_proto::Type::String);
    let found = breaking_changes(&old, &new);
    assert_eq!(found, ["Frame.width = 5 is gone and its number is not reserved", "Frame.height = 6 has another type"]);
}
