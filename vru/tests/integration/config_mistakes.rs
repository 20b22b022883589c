//! A configuration with five mistakes gives five messages, and no service starts.

use std::fs;

use vru_runtime::test_util::{folder, require_asset, run_to_end};

/// What differs between the binaries: arguments, two wrong lines in the file, and the keys of these lines.
struct Case {
    binary: &'static str,
    args: &'static [&'static str],
    file: &'static str,
    keys: [&'static str; 2],
}

fn assert_five_messages(case: &Case) {
    let path = folder("config").join("config.toml");
    fs::write(&path, format!("[kafka]\nbrokers = \"nowhere\"\n{}", case.file)).unwrap();
    let config = path.to_str().unwrap();
    let mut args = case.args.to_vec();
    args.extend(["--config", config, "--set", "shutdown.deadline=1ns", "--check-config"]);
    let model = require_asset("models/nanodet-g.onnx").display().to_string();
    let mut settings = vec![("admin", "everywhere")];
    if case.binary == "vru-infer" {
        settings.push(("model.path", &model));
    }
    let output = run_to_end(case.binary, &args, &settings);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{}: {text}", case.binary);
    let problems: Vec<&str> = text.lines().filter(|line| line.starts_with("  - ")).collect();
    let keys = ["kafka.brokers", "admin", "shutdown.deadline", case.keys[0], case.keys[1]];
    assert_eq!(problems.len(), keys.len(), "{}: {text}", case.binary);
    for key in keys {
        let named = problems.iter().filter(|line| line.contains(&format!("{key}:"))).count();
        assert_eq!(named, 1, "{} must name {key} once: {text}", case.binary);
    }
}

#[test]
fn ingest_lists_all_five_mistakes() {
    assert_five_messages(&Case {
        binary: "vru-ingest",
        args: &[],
        file: "[live]\nqueue_frames = \"many\"\n[push]\nlisten_on = \"0.0.0.0:8554\"\n",
        keys: ["live.queue_frames", "push.listen_on"],
    });
}

#[test]
fn infer_lists_all_five_mistakes() {
    assert_five_messages(&Case {
        binary: "vru-infer",
        args: &[],
        file: "[model]\nprovider = \"abacus\"\n[batch]\nmax_size = 100000\n",
        keys: ["model.provider", "batch.max_size"],
    });
}

#[test]
fn sink_lists_all_five_mistakes() {
    assert_five_messages(&Case {
        binary: "vru-sink",
        args: &["postgres"],
        file: "[postgres]\nport = \"many\"\nretention = \"1s\"\n",
        keys: ["postgres.port", "postgres.retention"],
    });
}

#[test]
fn a_valid_configuration_passes_the_check() {
    for (binary, args) in [("vru-ingest", ["--check-config"].as_slice()), ("vru-sink", &["postgres", "--check-config"])]
    {
        let output = run_to_end(binary, args, &[]);
        assert!(output.status.success(), "{binary}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn help_lists_every_option() {
    for binary in ["vru-ingest", "vru-infer", "vru-sink"] {
        let output = run_to_end(binary, &["--help"], &[]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success());
        for option in ["--config", "--set", "--check-config", "VRU__SECTION__KEY"] {
            assert!(text.contains(option), "{binary} --help does not mention {option}:\n{text}");
        }
    }
}
