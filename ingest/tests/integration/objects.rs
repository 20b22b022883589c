//! Files that are objects in the bucket.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use vru_ingest::IngestConfig;
use vru_ingest::error::SourceError;
use vru_ingest::source::OutputPlan;
use vru_ingest::source::file::{FileFrames, FileOptions, StoredObject};
use vru_media::pipeline_set::PipelineSet;
use vru_proto::v1::{Encoding, FileSource, Frame, Output, camera_config};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{S3Server, eventually, require_asset, s3};
use vru_storage::s3::{Bucket, BucketConfig};

use super::support::{DEADLINE, Rig};

async fn bucket(server: &S3Server) -> Bucket {
    let config = tokio::task::block_in_place(|| BucketConfig {
        bucket: server.bucket(),
        endpoint: server.endpoint(),
        access_key: Secret::new(S3Server::ACCESS_KEY),
        secret_key: Secret::new(S3Server::SECRET_KEY),
        timeout: Duration::from_secs(2),
        ..BucketConfig::default()
    });
    Bucket::new(&config).await
}

fn options(path: &Path, output: &Output) -> FileOptions {
    let path = path.display().to_string();
    let source = FileSource { path, start_time_us: 1_700_000_000_000_000, session: 7, ..FileSource::default() };
    FileOptions::new("clip".parse().unwrap(), &source, OutputPlan::new(Some(output), &PipelineSet::embedded()).unwrap())
}

async fn frames(options: FileOptions) -> Result<Vec<Frame>, SourceError> {
    let read = move || FileFrames::open(&options)?.collect::<Result<Vec<Frame>, SourceError>>();
    tokio::task::spawn_blocking(read).await.unwrap()
}

/// Also when a part of the object is read while the server does not answer for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_gives_the_frames_of_the_same_file() {
    let server = tokio::task::block_in_place(S3Server::start);
    let bucket = bucket(&server).await;
    let small = Output { max_width: 96, ..Output::default() };
    let passed = Output { encoding: Encoding::H264 as i32, ..Output::default() };
    for (clip, output) in [("vtest.avi", &small), ("vtest-h264.mp4", &small), ("vtest-h264.mp4", &passed)] {
        let path = require_asset(&format!("clips/{clip}"));
        let content = Bytes::from(std::fs::read(&path).unwrap());
        // A busy machine may take longer for it than a read may take here.
        eventually(DEADLINE, "the clip is stored", async || {
            let stored = bucket.put(clip, "video/mp4", content.clone(), 64 << 20).await;
            stored.map_err(|error| error.to_string())
        })
        .await;
        let object = StoredObject::find(&bucket, clip).await.unwrap();
        let of_object = FileOptions { object: Some(object), ..options(&path, output) };
        let reading = tokio::spawn(frames(of_object));
        if clip == "vtest.avi" {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.server.pause();
            tokio::time::sleep(Duration::from_secs(5)).await;
            server.server.resume();
        }
        let (found, expected) = (reading.await.unwrap().unwrap(), frames(options(&path, output)).await.unwrap());
        assert_eq!((found.len(), expected.len()), (795, 795), "{clip}");
        for (found, expected) in found.into_iter().zip(expected) {
            let found = Frame { ingested_at_us: expected.ingested_at_us, ..found };
            assert!(found == expected, "{clip}: frame {:?} differs", expected.id);
        }
    }
    let missing = StoredObject::find(&bucket, "nowhere").await.unwrap_err();
    assert!(missing.is_of_the_file(), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_replaced_or_gone_while_it_is_read_is_an_error() {
    let bucket = bucket(s3()).await;
    let path = require_asset("clips/vtest.avi");
    let content = std::fs::read(&path).unwrap();
    bucket.put("clip", "video/mp4", content.clone().into(), 64 << 20).await.unwrap();
    let object = StoredObject::find(&bucket, "clip").await.unwrap();
    bucket.put("clip", "video/mp4", content[..content.len() / 2].to_vec().into(), 64 << 20).await.unwrap();
    let read = FileOptions { object: Some(object), ..options(&path, &Output::default()) };
    let error = frames(read).await.unwrap_err();
    assert!(matches!(error, SourceError::File { .. } | SourceError::Decode { of_the_file: false, .. }), "{error:?}");
    let text = FileOptions { object: None, ..options(Path::new("/nowhere"), &Output::default()) };
    assert!(matches!(frames(text).await, Err(SourceError::File { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_uploaded_file_lacks_is_told_before_its_last_frame() {
    let bucket = bucket(s3()).await;
    let whole = std::fs::read(require_asset("clips/vtest.avi")).unwrap();
    let cut = whole[..whole.len() * 6 / 10].to_vec();
    for (camera, content, is_whole) in [("object-whole", whole, true), ("object-cut", cut, false)] {
        bucket.put(camera, "video/mp4", content.into(), 64 << 20).await.unwrap();
        let rig = Rig { objects: Some(bucket.clone()), ..Rig::new(IngestConfig::default()) };
        let source = FileSource { object: camera.to_owned(), session: 7, ..FileSource::default() };
        let small = Output { max_width: 96, ..Output::default() };
        let task = rig.run(camera, camera_config::Source::File(source), small);
        let publisher = rig.publisher.clone();
        eventually(DEADLINE, "the end of the file", async || {
            let ended = publisher.all().last().is_some_and(|frame| frame.end_of_stream);
            if ended { Ok(()) } else { Err(format!("{} frames", publisher.count())) }
        })
        .await;
        let faults = publisher.faults.lock().clone();
        rig.finish(task).await;
        if is_whole {
            assert_eq!(faults, [], "nothing is missing");
            continue;
        }
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        assert_eq!(
            (fault.camera_id.as_str(), fault.session, fault.is_damage, fault.is_final),
            (camera, 7, true, false)
        );
        assert!(fault.text.contains("the file ends early"), "{fault:?}");
    }
}
