use std::time::SystemTime;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use rand::Rng as _;
use serde_json::{Value, json};
use vru_runtime::cameras::CameraSettings;
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::cameras;
use vru_storage::postgres::{DatabaseError, PooledClient};
use vru_storage::uploads::{self, NewUpload};

use super::configured;
use super::upload::{find, http_date};
use crate::auth::{Permitted, actions::ManageUploads};
use crate::cameras::CameraMessages;
use crate::http::{Code, Problem, Problems};
use crate::routes::cameras::{as_stored, check_changeable};
use crate::routes::text::check_display_name;
use crate::state::ApiState;
use crate::uploads::tus::{self, Metadata, metadata_field};
use crate::uploads::{Part, Received, Uploads, UploadsConfig, object_key, start_removal, too_long};

/// Begin an upload (tus: creation). `Upload-Metadata` may have `filename`, `start_time` (RFC 3339, of the first frame; default: now),
/// `like_camera_id` (a camera of the site, whose zones, lines and rules apply), or `settings` (a JSON object with zones, lines, rules, output
/// and tracker, as those of a camera). The bytes follow by `PATCH` to the address in `location`; the first of them, or all, may be the body
/// of this request (tus: creation-with-upload). With a wrong checksum, or more bytes than announced, nothing is begun.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site_id}/uploads",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("tus-resumable" = String, Header, description = "`1.0.0`"),
        ("upload-length" = i64, Header, description = "Size of the file in bytes"),
        ("upload-metadata" = Option<String>, Header, description = "Pairs of a key and a Base64 text, separated by commas"),
        ("upload-checksum" = Option<String>, Header, description = "Of the body, as with `PATCH`")
    ),
    request_body(content = Option<String>, content_type = "application/offset+octet-stream", description = "The first bytes"),
    responses(
        (
            status = 201,
            description = "It was begun",
            headers(
                ("location" = String, description = "Its path"),
                ("upload-offset" = i64, description = "After a body with bytes: where the next `PATCH` goes on"),
                ("upload-expires" = String, description = "While bytes are missing: until when they must come")
            )
        ),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    who: Permitted<ManageUploads>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let service = configured(&state)?;
    let config = service.config();
    check_changeable(&state)?;
    tus::check_version(&headers)?;
    let length = tus::length(&headers)?;
    check_length(config, length)?;
    let first = first_bytes(&headers, length, body)?;
    let metadata = Metadata::read(&headers)?;
    let name = metadata.get("filename").or(metadata.get("name")).unwrap_or("video");
    check_display_name("upload-metadata.filename", name)?;
    let start_time = start_time(metadata.get("start_time"))?;
    let (site_id, id) = (&who.site_id, uploads::new_upload_id());
    let mut client = state.database.get().await?;
    let mut settings = chosen(&client, site_id, &metadata).await?;
    settings["name"] = json!(name);
    let session = rand::rng().random_range(1..=i64::MAX);
    let key = object_key(site_id, &id);
    // What is published is made from what is stored.
    CameraMessages::file_message("upload", &settings, (key.clone(), session, start_time)).map_err(|invalid| {
        let field = invalid.field();
        let key = if field.is_empty() { "settings".to_owned() } else { format!("settings.{field}") };
        metadata_field(&key, invalid.problem())
    })?;
    let failed = DatabaseError::statement("add an upload");
    let transaction = client.transaction().await.map_err(failed)?;
    let used = uploads::used_bytes(&transaction, site_id).await?;
    let quota = i64::try_from(config.quota_bytes).unwrap_or(i64::MAX);
    if used.saturating_add(length) > quota {
        let detail = format!("the uploads of the site have {used} of {quota} bytes; delete some");
        return Err(tus::too_large(Code::QuotaExceeded, detail));
    }
    let new = NewUpload {
        id: &id,
        site_id,
        name,
        metadata: &metadata.text,
        length,
        settings: &settings,
        session,
        start_time,
        object_key: &key,
        part_bytes: config.part_bytes_of(length.unsigned_abs()) as i64,
        expire_after: config.expire_after.as_secs_f64(),
    };
    uploads::create(&transaction, &new).await?;
    let details = json!({ "name": name, "bytes": length });
    let entry = Entry { action: "upload.create", site_id, object: &id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    let path = format!("/api/v1/sites/{site_id}/uploads/{id}");
    drop(client);
    let mut answer = HeaderMap::new();
    answer.insert(header::LOCATION, HeaderValue::try_from(path).map_err(|_| Problem::internal())?);
    let mut complete = false;
    if let Some(first) = first {
        let received =
            receive(&state, service, &who, Part { site_id: site_id.clone(), id: id.clone(), ..first }).await?;
        answer.insert(tus::OFFSET, tus::value(received.offset));
        complete = received.complete;
    }
    if !complete {
        answer.insert(tus::EXPIRES, http_date(SystemTime::now() + config.expire_after));
    }
    Ok((StatusCode::CREATED, answer))
}

/// `None` if the body is no part of the file.
fn first_bytes(headers: &HeaderMap, length: i64, body: Body) -> Result<Option<Part>, Problem> {
    if !tus::carries_bytes(headers) {
        return Ok(None);
    }
    let (checksum, body_length) = (tus::checksum(headers)?, tus::body_length(headers));
    if body_length.is_some_and(|body| body > length) {
        return Err(too_long(length));
    }
    Ok(Some(Part { site_id: String::new(), id: String::new(), offset: 0, length: body_length, checksum, body }))
}

/// What was received stays, and the client goes on from there. With bytes that are no part of the file, the upload does not stay.
async fn receive(
    state: &ApiState,
    service: &Uploads,
    who: &Permitted<ManageUploads>,
    part: Part,
) -> Result<Received, Problem> {
    let (site_id, id) = (part.site_id.clone(), part.id.clone());
    let problem = match service.receive(part).await {
        Ok(received) => return Ok(received),
        Err(problem) => problem,
    };
    let mut client = state.database.get().await?;
    if !["checksum_mismatch", "body_too_large"].contains(&problem.code()) {
        let upload = find(&client, &site_id, &id).await?;
        return Ok(Received { offset: upload.received, complete: upload.received == upload.length });
    }
    let failed = DatabaseError::statement("delete an upload");
    let transaction = client.transaction().await.map_err(failed)?;
    // The key of the request belongs to its creation.
    let actor = Actor { claim: None, ..who.caller.actor() };
    start_removal(&transaction, &actor, &site_id, &id).await?;
    transaction.commit().await.map_err(failed)?;
    service.wake();
    Err(problem)
}

fn check_length(config: &UploadsConfig, length: i64) -> Result<(), Problem> {
    if length.unsigned_abs() > config.max_bytes {
        let detail = format!("files may have {} bytes at most", config.max_bytes);
        return Err(tus::too_large(Code::FileTooLarge, detail).at(tus::LENGTH.as_str()));
    }
    Ok(())
}

/// As the topic has it: microseconds of the years that frames may have.
fn start_time(given: Option<&str>) -> Result<SystemTime, Problem> {
    let Some(text) = given else {
        let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap_or_default();
        return SystemTime::try_from(now).map_err(|_| Problem::internal());
    };
    let wrong =
        || metadata_field("start_time", "is not a time such as 2027-01-31T00:00:00Z, of the years 2000 to 2200");
    let time: Timestamp = text.parse().map_err(|_| wrong())?;
    let micros = Some(time.as_microsecond()).filter(|time| vru_proto::validate::CAPTURE_TIME_US.contains(time));
    let time = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()).ok_or_else(wrong)?;
    SystemTime::try_from(time).map_err(|_| wrong())
}

/// Settings without a source.
async fn chosen(client: &PooledClient, site_id: &str, metadata: &Metadata) -> Result<Value, Problem> {
    let settings = match (metadata.get("like_camera_id"), metadata.get("settings")) {
        (Some(_), Some(_)) => return Err(metadata_field("settings", "is given together with `like_camera_id`")),
        (None, None) => json!({}),
        (None, Some(text)) => {
            serde_json::from_str(text).map_err(|error| metadata_field("settings", format!("is not JSON: {error}")))?
        }
        (Some(camera_id), None) => {
            // What no id has does not reach the database, which refuses some texts.
            let is_id = camera_id.parse::<vru_proto::CameraId>().is_ok();
            let camera = if is_id { cameras::find(client, site_id, camera_id).await? } else { None };
            camera.ok_or_else(|| metadata_field("like_camera_id", "is no camera of the site"))?.settings
        }
    };
    let settings: CameraSettings =
        serde_json::from_value(settings).map_err(|error| metadata_field("settings", error.to_string()))?;
    // An upload is watched whether or not the camera is.
    let like_camera = metadata.get("like_camera_id").is_some();
    let settings = if like_camera { settings.view_only() } else { settings };
    as_stored(&settings).map_err(|problem| metadata_field("settings", problem))
}
