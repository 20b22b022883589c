//! A configuration with five mistakes gives five messages, and no service starts.

use std::fs;
use std::path::Path;

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

/// What is wrong with a cameras file by itself is refused also without `--check-config`.
#[test]
fn a_cameras_file_with_mistakes_starts_nothing() {
    let folder = folder("cameras-mistakes");
    let (cameras, up) = (folder.join("cameras.toml"), folder.join("up.toml"));
    fs::write(&up, format!("cameras.file = '{}'\n", cameras.display())).unwrap();
    let camera =
        |id: &str| format!("[[cameras]]\nid = \"{id}\"\nname = \"Süd 🚲\"\npull.url = 'rtsp://127.0.0.1:9/x'\n");
    let start = |check: &[&str]| run_to_end("vru", &[&["up", "--config", up.to_str().unwrap()], check].concat(), &[]);
    for id in ["back porch", "gate/north", "Tor-Süd", "..", ".hidden", &"x".repeat(129), "semi;colon", "quote'd", ""] {
        fs::write(&cameras, camera(id)).unwrap();
        for check in [&["--check-config"][..], &[]] {
            let output = start(check);
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{id}: {text}");
            for wanted in [cameras.to_str().unwrap(), id, "A-Z, a-z, 0-9, dot, underscore and hyphen"] {
                assert!(text.contains(wanted), "{id}: {wanted} is not in {text}");
            }
        }
        let video = require_asset("clips/vtest.avi");
        let args = ["analyse", video.to_str().unwrap(), "--zones", cameras.to_str().unwrap()];
        let output = run_to_end("vru", &args, &[]);
        assert_eq!(output.status.code(), Some(2), "{id}: {}", String::from_utf8_lossy(&output.stderr));
    }
    fs::write(&cameras, [camera("gate"), camera("gate")].concat()).unwrap();
    let output = start(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`gate` is defined twice"), "{output:?}");
    for id in ["UPPER", "upper", "a.b_c-d", "-dash"] {
        fs::write(&cameras, camera(id)).unwrap();
        let output = start(&["--check-config"]);
        assert!(output.status.success(), "{id}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_check_finds_what_the_start_would_need() {
    let folder = folder("check");
    let (cameras, model) = (folder.join("cameras.toml"), folder.join("model.onnx"));
    fs::write(&model, "no model").unwrap();
    fs::write(folder.join("empty.pem"), "").unwrap();
    let text = "[[cameras]]\nid = 'secret'\npull = { url = 'rtsp://127.0.0.1:9/x', username = 'u', password = 'env:VRU_UNSET_IN_TESTS' }\n\
                [[cameras]]\nid = 'secret-file'\npush = { username = 'u', password = 'file:FOLDER/nowhere' }\n\
                [[cameras]]\nid = 'authority'\npull = { url = 'rtsps://127.0.0.1:9/x', tls = { ca_file = 'FOLDER/empty.pem' } }\n\
                [[cameras]]\nid = 'video'\nfile = { path = 'FOLDER/nowhere.mp4' }\n\
                [[cameras]]\nid = 'pipeline'\npush = { allow_anonymous = true }\noutput = { pipeline = 'magic' }\n\
                [[cameras]]\nid = 'off'\nenabled = false\nfile = { path = 'FOLDER/nowhere.mp4' }\n";
    fs::write(&cameras, text.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    let up = folder.join("up.toml");
    fs::write(&up, format!("cameras.file = '{}'\nadmin.sink = '127.0.0.1:50051'\n", cameras.display())).unwrap();
    let faults = [
        ("secret", "VRU_UNSET_IN_TESTS"),
        ("secret-file", "nowhere"),
        ("authority", "holds no certificate"),
        ("video", "nowhere.mp4"),
        ("pipeline", "magic"),
    ];
    let file = cameras.to_str().unwrap();
    let bad_model = model.to_str().unwrap();
    let settings = [("cameras.file", file)];
    let ingest = run_to_end("vru-ingest", &["--check-config"], &settings);
    let infer = run_to_end("vru-infer", &["--check-config"], &[("cameras.file", file), ("model.path", bad_model)]);
    let up_args = ["up", "--check-config", "--config", up.to_str().unwrap(), "--set"];
    let models = run_to_end(
        "vru",
        &[&up_args[..], &["admin.sink=127.0.0.1:0", "--set", &format!("model.path={bad_model}")]].concat(),
        &[],
    );
    for (name, output, lists_pipeline) in [("ingest", &ingest, true), ("infer", &infer, false), ("up", &models, true)] {
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {text}");
        for (camera, what) in faults.into_iter().filter(|(camera, _)| lists_pipeline || *camera != "pipeline") {
            let listed = text.lines().any(|line| line.contains(&format!("`{camera}`")) && line.contains(what));
            assert!(listed, "{name} does not say {what} of {camera}: {text}");
        }
        assert!(!text.contains("`off`"), "{name}: a camera that is off needs nothing: {text}");
        assert_eq!(text.contains("model: cannot be loaded"), name != "ingest", "{name}: {text}");
    }
    let contradicting = folder.join("contradicting.toml");
    fs::write(
        &contradicting,
        "[[cameras]]\nid = 'gate'\npush = { allow_anonymous = true }\ntracker = { high_score = 0.05 }\n",
    )
    .unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("models/fixtures/probe-walk.onnx");
    let settings = [("cameras.file", contradicting.to_str().unwrap()), ("model.path", fixture.to_str().unwrap())];
    let infer = run_to_end("vru-infer", &["--check-config"], &settings);
    let text = String::from_utf8_lossy(&infer.stderr);
    let wanted = "camera gate do not fit the model: the model's low_score 0.1 is above the camera's high_score 0.05";
    assert!(infer.status.code() == Some(2) && text.contains(wanted), "{text}");
    let shared = run_to_end("vru", &up_args[..4], &[]);
    let text = String::from_utf8_lossy(&shared.stderr);
    assert!(text.contains("alerts.listen: is 127.0.0.1:50051, which admin.sink uses too"), "{text}");
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
