//! A complete file becomes a camera, whose frames are counted until all of them are stored. Each replica looks for work; who has it is
//! written in the database.

use std::time::{Duration, SystemTime};

use serde_json::json;
use vru_runtime::report::chain;
use vru_storage::audit::Actor;
use vru_storage::cameras;
use vru_storage::postgres::{DatabaseError, PooledClient};
use vru_storage::s3::{BucketError, Multipart};
use vru_storage::uploads::{self, Seen, State, Upload};

use super::Uploads;
use super::content::{SAMPLE_BYTES, media_type};

/// How often jobs are looked after.
const INTERVAL: Duration = Duration::from_secs(1);
/// Jobs that are looked at together.
const BATCH: i64 = 100;
/// A complete upload that the bucket does not join for so long has failed.
const GIVE_UP_AFTER: Duration = Duration::from_hours(1);

/// Why a complete file cannot be checked now.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

/// Until the stop.
pub(super) async fn run(uploads: Uploads) {
    let mut said = String::new();
    let mut work = uploads.work.subscribe();
    loop {
        let outcome = round(&uploads).await;
        let why = outcome.err().map(|error| chain(&error).to_string()).unwrap_or_default();
        if !why.is_empty() && why != said {
            tracing::warn!(why, "uploads wait; trying again");
        }
        said = why;
        tokio::select! {
            () = uploads.stop.cancelled() => return,
            _ = work.changed() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

async fn round(uploads: &Uploads) -> Result<(), CheckError> {
    let hold = uploads.config.storage_timeout * 4;
    loop {
        let client = uploads.database.get().await?;
        let Some(upload) = uploads::claim_complete(&client, hold).await? else { break };
        drop(client);
        if let Err(error) = check(uploads, &upload).await {
            postpone(uploads, &upload, &error).await?;
            return Err(error);
        }
    }
    let client = uploads.database.get().await?;
    let mut after = String::new();
    loop {
        let running = uploads::running(&client, &after, BATCH).await?;
        let Some(last) = running.last() else { return Ok(()) };
        after.clone_from(&last.id);
        for upload in &running {
            let seen = uploads::look(&client, upload).await?;
            if seen.total.is_some() {
                let mut client = uploads.database.get().await?;
                end_job(&mut client, &Actor::default(), upload, State::Done, Some(seen), None).await?;
            } else if seen.frames > upload.frames {
                uploads::set_progress(&client, &upload.id, seen.frames).await?;
            }
        }
    }
}

/// Joins the parts, looks what the file is, and makes its camera.
async fn check(uploads: &Uploads, upload: &Upload) -> Result<(), CheckError> {
    let bucket = &uploads.bucket;
    if let Some(upload_id) = &upload.multipart_id {
        // False: it was done before, by a process that was killed then.
        bucket.complete_parts(Multipart { key: &upload.object_key, upload_id }, &upload.part_tags).await?;
    }
    let stamp = bucket.stamp(&upload.object_key).await?;
    let length = stamp.map_or(0, |stamp| stamp.length);
    if i64::try_from(length) != Ok(upload.length) {
        let problem = format!("the store has {length} of the {} bytes of the file", upload.length);
        return reject(uploads, upload, &problem).await;
    }
    let sample = bucket.read_range(&upload.object_key, 0..SAMPLE_BYTES.min(length), "").await?;
    if let Err(what) = media_type(&sample) {
        let problem = format!(
            "the file is {what}, and no video in a container that can be read: MP4, MOV, MKV, WebM, AVI, MPEG-TS, MPEG-PS, FLV, ASF or Ogg"
        );
        return reject(uploads, upload, &problem).await;
    }
    let failed = DatabaseError::statement("add the camera of an upload");
    let mut client = uploads.database.get().await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let camera = cameras::new_camera_id();
    if !uploads::mark_queued(&transaction, &upload.id, upload.epoch, &camera).await? {
        return Ok(());
    }
    cameras::create(&transaction, &Actor::default(), &upload.site_id, &camera, &upload.settings).await?;
    cameras::set_upload(&transaction, &camera, &upload.id).await?;
    transaction.commit().await.map_err(failed)?;
    tracing::info!(upload = upload.id, camera, bytes = upload.length, "an upload is analysed");
    Ok(())
}

/// The object is not kept.
async fn reject(uploads: &Uploads, upload: &Upload, problem: &str) -> Result<(), CheckError> {
    uploads.bucket.remove(&upload.object_key).await?;
    tracing::info!(upload = upload.id, problem, "an upload cannot be analysed");
    let client = uploads.database.get().await?;
    uploads::reject(&client, &upload.id, upload.epoch, problem).await?;
    Ok(())
}

/// Somebody tries again soon, unless it has been tried for long.
async fn postpone(uploads: &Uploads, upload: &Upload, error: &CheckError) -> Result<(), DatabaseError> {
    let CheckError::Bucket(error) = error else { return Ok(()) };
    let problem = format!("the store of uploads does not give the file: {}", chain(error));
    let client = uploads.database.get().await?;
    let since = SystemTime::now().duration_since(upload.changed_at).unwrap_or_default();
    if since > GIVE_UP_AFTER {
        uploads::reject(&client, &upload.id, upload.epoch, &problem).await?;
        return Ok(());
    }
    uploads::set_waiting(&client, &upload.id, &problem).await?;
    uploads::release(&client, &upload.id, upload.epoch).await
}

/// Ends a job, and stops its camera. False if it has ended before.
pub(crate) async fn end_job(
    client: &mut PooledClient,
    actor: &Actor,
    upload: &Upload,
    state: State,
    seen: Option<Seen>,
    problem: Option<&str>,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("end the analysis of an upload");
    let transaction = client.transaction().await.map_err(failed)?;
    // Its camera may have been added since it was read.
    let Some(upload) = uploads::lock(&transaction, &upload.site_id, &upload.id).await? else { return Ok(false) };
    if !uploads::end(&transaction, &upload.id, state, seen, problem).await? {
        return Ok(false);
    }
    if let Some(camera) = &upload.camera_id
        && let Some((found, _)) = cameras::lock(&transaction, &upload.site_id, camera).await?.filter(|it| !it.0.deleted)
    {
        let mut settings = found.settings;
        settings["enabled"] = json!(false);
        cameras::change(&transaction, actor, camera, &settings, false).await?;
    }
    transaction.commit().await.map_err(failed)?;
    Ok(true)
}
