//! The corpus of camera dialogues: what each camera says ends in its pictures, or in the error of its file.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use vru_ingest::metrics;
use vru_proto::v1::{Credentials, Encoding, Output, PullSource, RtspTransport, camera_config::Source};
use vru_runtime::test_util::{Codec, eventually};

use super::scripted::dialogue::Dialogue;
use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera, Sources};
use super::support::{DEADLINE, Rig, frames_of, quick, sessions, slices};

const PICTURES: usize = 20;

fn passthrough() -> Output {
    Output { encoding: Encoding::H264 as i32, max_fps: 240.0, ..Output::default() }
}

/// What a camera without peculiarities gives.
async fn flawless(rig: &Rig, name: &str, stream: &Arc<RecordedStream>) -> HashSet<Bytes> {
    let camera = ScriptedCamera::start(stream.clone(), Script::default(), 0).await;
    let name = format!("flawless-{name}");
    let _task = rig.run(&name, Source::Pull(camera.source(RtspTransport::Tcp)), passthrough());
    frames_come(rig, &name, PICTURES * 2).await;
    let frames = frames_of(&rig.publisher, &name);
    let all: HashSet<Bytes> = frames.iter().map(|frame| slices(frame.encoding(), &frame.payload)).collect();
    assert_eq!(
        all.len(),
        PICTURES,
        "{name}: each picture must be sent the same in every round, and be unlike any other"
    );
    all
}

async fn frames_come(rig: &Rig, camera: &str, count: usize) {
    eventually(DEADLINE, &format!("{count} frames of {camera}"), async || {
        let frames = frames_of(&rig.publisher, camera).len();
        let errors = vru_ingest::counts().get(camera).map(|counts| counts.errors.clone());
        if frames >= count { Ok(()) } else { Err(format!("{frames} frames, errors {errors:?}")) }
    })
    .await;
}

struct Played {
    dialogue: Arc<Dialogue>,
    camera: ScriptedCamera,
    /// The name of the camera in metrics and frames.
    id: String,
    expected: HashSet<Bytes>,
}

impl Played {
    async fn check(&self, rig: &Rig) {
        let name = &self.dialogue.name;
        match self.dialogue.setting("result").expect("a result").split_once(' ') {
            None => {
                frames_come(rig, &self.id, PICTURES + 2).await;
                let frames = frames_of(&rig.publisher, &self.id);
                assert!(frames[0].key_frame, "{name}");
                assert_eq!(sessions(&frames).len(), 1, "{name}: it was reconnected");
                for (number, frame) in frames.iter().enumerate() {
                    let known = self.expected.contains(&slices(frame.encoding(), &frame.payload));
                    assert!(known, "{name}: picture {number} was changed");
                }
            }
            Some((_, kind)) => {
                eventually(DEADLINE, &format!("{name}: an error of kind {kind}"), async || {
                    let errors = vru_ingest::counts().get(&self.id).map(|counts| counts.errors.clone());
                    let seen = metrics::ERRORS.with_label_values(&[self.id.as_str(), kind]).get();
                    if seen > 0 { Ok(()) } else { Err(format!("{errors:?}, {:?}", self.camera.requests())) }
                })
                .await;
                assert!(frames_of(&rig.publisher, &self.id).is_empty(), "{name}");
            }
        }
        let requests = self.camera.requests();
        for wanted in self.dialogue.all("expect") {
            let wanted = wanted.replace("{host}", &self.camera.address().to_string());
            assert!(requests.contains(&wanted), "{name}: no {wanted} in {requests:#?}");
        }
        assert_eq!(self.camera.logins().1, 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dialogue_ends_in_the_cameras_pictures_or_in_a_clear_error() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut dialogues: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| Arc::new(Dialogue::read(&path)))
        .collect();
    dialogues.sort_by(|one, two| one.name.cmp(&two.name));
    assert!(dialogues.len() >= 30);
    let mut config = quick();
    config.pull.login_backoff_initial = Duration::from_hours(1);
    config.pull.login_backoff_max = Duration::from_hours(1);
    let rig = Rig::new(config);
    let mut streams = BTreeMap::new();
    for (name, stream) in [
        ("h264", RecordedStream::street(PICTURES)),
        ("h265", RecordedStream::street_in(Codec::H265, PICTURES)),
        ("jpeg", RecordedStream::jpegs((320, 240), PICTURES)),
    ] {
        let expected = flawless(&rig, name, &stream).await;
        streams.insert(name, (stream, expected));
    }
    let mut played = Vec::new();
    for dialogue in dialogues {
        let (stream, expected) = &streams[dialogue.setting("stream").unwrap_or("h264")];
        let sources = dialogue.rtp.sources.map_or(Sources::One, Sources::NewAfter);
        let script = Script { dialogue: Some(dialogue.clone()), sources, ..Script::default() };
        let camera = ScriptedCamera::start(stream.clone(), script, 0).await;
        let transport = match dialogue.setting("transport") {
            Some("udp") => RtspTransport::Udp,
            _ => RtspTransport::Tcp,
        };
        let credentials = dialogue
            .login()
            .map(|login| Credentials { username: login.username.clone(), password: login.password.clone() });
        let source = PullSource { credentials, ..camera.source(transport) };
        let id = format!("dialogue-{}", dialogue.name);
        rig.run(&id, Source::Pull(source), passthrough());
        played.push(Played { dialogue, camera, id, expected: expected.clone() });
    }
    for played in &played {
        played.check(&rig).await;
    }
    rig.stop.cancel();
}
