//! The body of a `PATCH` reaches the bucket: whole parts as parts of a multipart upload, what is behind the last of them as an object of its
//! own, which the next `PATCH` continues.
//!
//! Parts have fixed bounds in the file. So a process that was overtaken and comes late writes the same bytes as the one that goes on. What
//! HEAD tells is recorded after the bucket has it.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use tokio::time::timeout;
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::postgres::DatabaseError;
use vru_storage::s3::{BucketError, Multipart};
use vru_storage::uploads::{self, Advance, State, Taken, Upload};

use super::checksum::Checksum;
use super::{Uploads, storage_failed, tail_key, tus};
use crate::http::{Code, Problem};
use crate::metrics::{UPLOAD_REQUESTS, UPLOADED_BYTES};

/// How often a part is tried.
const TRIES: u32 = 3;
const TAIL_TYPE: &str = "application/octet-stream";
/// What the parts are is not known before the file is complete.
const OBJECT_TYPE: &str = "application/octet-stream";

/// A `PATCH`.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) site_id: String,
    pub(crate) id: String,
    pub(crate) offset: i64,
    /// Of the body, if it says it.
    pub(crate) length: Option<i64>,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) body: Body,
}

/// How far the upload is afterwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    pub(crate) offset: i64,
    pub(crate) complete: bool,
}

/// Why the body ended.
enum End {
    Whole,
    /// The connection was lost, or nothing came for too long.
    Broken,
    /// It has more bytes than the file.
    TooLong,
    /// The service stops.
    Stopped,
}

impl Uploads {
    /// What was received is kept also when the client goes away: the work is a task of its own.
    pub(crate) async fn receive(&self, part: Part) -> Result<Received, Problem> {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            UPLOAD_REQUESTS.with_label_values(&["busy"]).inc();
            let detail = "too many files are uploaded at this moment; try again";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::TooManyUploads, detail);
            return Err(problem.retry_after(std::time::Duration::from_secs(2)));
        };
        let upload = self.take(&part.site_id, &part.id, part.offset, part.length).await?;
        let this = self.clone();
        let receiving = tokio::spawn(async move {
            let (id, epoch) = (upload.id.clone(), upload.epoch);
            let received = Receiver { uploads: &this, upload: *upload, epoch, renewed: Instant::now() }.run(part).await;
            if matches!(received, Ok(Received { complete: true, .. })) {
                this.wake();
            } else {
                // It ends by itself after a while.
                let released = async { uploads::release(&this.database.get().await?, &id, epoch).await };
                if let Err(error) = released.await {
                    tracing::debug!(upload = id, error = %chain(&error), "an upload is held for longer than needed");
                }
            }
            drop(place);
            received
        });
        let received = receiving.await.unwrap_or_else(|error| {
            tracing::error!(%error, "receiving an upload failed");
            Err(Problem::internal())
        });
        UPLOAD_REQUESTS.with_label_values(&[if received.is_ok() { "received" } else { "failed" }]).inc();
        received
    }

    async fn take(&self, site_id: &str, id: &str, offset: i64, length: Option<i64>) -> Result<Box<Upload>, Problem> {
        let client = self.database.get().await?;
        let taken = uploads::take(&client, site_id, id, offset, self.config.hold()).await?;
        let refused = match taken {
            Taken::Ours(upload) => {
                let rest = upload.length - upload.received;
                if length.is_some_and(|length| length > rest) {
                    uploads::release(&client, &upload.id, upload.epoch).await?;
                    return Err(too_long(rest));
                }
                return Ok(upload);
            }
            Taken::Refused(refused) => refused.ok_or_else(|| Problem::not_found("upload"))?,
        };
        check_receiving(&refused)?;
        if refused.received != offset {
            let detail = format!("is not {}, where the upload goes on", refused.received);
            return Err(Problem::conflict(Code::WrongOffset, tus::OFFSET.as_str(), detail));
        }
        if refused.state != State::Receiving {
            let detail = "all bytes of the file are there already";
            return Err(Problem::conflict(Code::UploadComplete, "", detail));
        }
        let detail = "another request sends bytes of this upload at this moment";
        Err(Problem::new(StatusCode::LOCKED, Code::UploadLocked, detail).retry_after(std::time::Duration::from_secs(2)))
    }
}

/// Refuses an upload that takes no bytes any more.
pub(crate) fn check_receiving(upload: &Upload) -> Result<(), Problem> {
    if upload.state == State::Receiving && upload.expired {
        let detail = "the upload has expired; begin a new one";
        return Err(Problem::new(StatusCode::GONE, Code::UploadExpired, detail));
    }
    if upload.state == State::Cancelled {
        return Err(Problem::new(StatusCode::GONE, Code::UploadCancelled, "the upload was cancelled"));
    }
    Ok(())
}

pub(crate) fn too_long(rest: i64) -> Problem {
    let detail = format!("the body is larger than the {rest} bytes that the file lacks");
    tus::too_large(Code::BodyTooLarge, detail)
}

/// Somebody else works on it now, or it was deleted.
fn overtaken() -> Problem {
    let detail = "another request has taken over this upload, or it was deleted";
    Problem::conflict(Code::UploadTakenOver, "", detail)
}

struct Receiver<'a> {
    uploads: &'a Uploads,
    /// As it is recorded.
    upload: Upload,
    epoch: i64,
    renewed: Instant,
}

impl Receiver<'_> {
    async fn run(mut self, mut part: Part) -> Result<Received, Problem> {
        let part_bytes = usize::try_from(self.upload.part_bytes).unwrap_or(usize::MAX);
        let mut buffer = self.tail().await?;
        // Of the bytes in the parts and the buffer.
        let mut received = self.upload.received;
        let mut tags = self.upload.part_tags.clone();
        let mut multipart = self.upload.multipart_id.clone();
        let end = loop {
            let mut data = match self.next(&mut part.body).await? {
                Ok(Some(data)) => data,
                Ok(None) => break End::Whole,
                Err(end) => break end,
            };
            if let Some(checksum) = &mut part.checksum {
                checksum.update(&data);
            }
            if data.len() as i64 > self.upload.length - received {
                break End::TooLong;
            }
            while !data.is_empty() {
                buffer.reserve(part_bytes - buffer.len());
                let piece = data.split_to(data.len().min(part_bytes - buffer.len()));
                buffer.extend_from_slice(&piece);
                received += piece.len() as i64;
                if buffer.len() < part_bytes {
                    continue;
                }
                let full = std::mem::take(&mut buffer).freeze();
                self.put_part(full, &mut multipart, &mut tags).await?;
                if part.checksum.is_none() {
                    self.record(received, multipart.as_deref(), &tags, None).await?;
                }
            }
        };
        let end = match end {
            End::Stopped if part.length == Some(received - part.offset) => End::Whole,
            end => end,
        };
        match (end, part.checksum) {
            (End::TooLong, _) => Err(too_long(self.upload.length - self.upload.received)),
            // What is not whole cannot be checked: nothing of it is kept.
            (End::Broken, Some(_)) => Err(broken()),
            (End::Stopped, Some(_)) => Err(stopped()),
            (End::Broken, None) => {
                self.keep(received, buffer, multipart, tags).await?;
                Err(broken())
            }
            // Not an error: clients give an upload up after a status of 400 to 499. After a success they go on at the offset that it tells.
            (End::Stopped, None) => self.keep(received, buffer, multipart, tags).await,
            (End::Whole, checksum) => {
                if checksum.is_some_and(|checksum| !checksum.matches()) {
                    return Err(tus::checksum_mismatch());
                }
                self.keep(received, buffer, multipart, tags).await
            }
        }
    }

    /// Writes what is behind the last part, and records all of it.
    async fn keep(
        &mut self,
        received: i64,
        buffer: BytesMut,
        mut multipart: Option<String>,
        mut tags: Vec<String>,
    ) -> Result<Received, Problem> {
        let complete = received == self.upload.length;
        if received == self.upload.received {
            return Ok(Received { offset: received, complete });
        }
        let mut tail = None;
        if !buffer.is_empty() && complete {
            self.put_part(buffer.freeze(), &mut multipart, &mut tags).await?;
        } else if !buffer.is_empty() {
            let key = tail_key(&self.upload.site_id, &self.upload.id, self.epoch);
            let (body, length) = (buffer.freeze(), usize::MAX);
            retried(|| self.uploads.bucket.put(&key, TAIL_TYPE, body.clone(), length)).await?;
            tail = Some(key);
        }
        if let Err(problem) = self.record(received, multipart.as_deref(), &tags, tail.as_deref()).await {
            if let Some(key) = tail {
                self.remove_tail(&key).await;
            }
            return Err(problem);
        }
        Ok(Received { offset: received, complete })
    }

    /// The bytes behind the last part.
    async fn tail(&self) -> Result<BytesMut, Problem> {
        let wanted = self.upload.received - self.upload.part_tags.len() as i64 * self.upload.part_bytes;
        let Some(key) = &self.upload.tail_key else { return Ok(BytesMut::new()) };
        let found = self.uploads.bucket.get(key).await.map_err(|error| storage_failed(&error))?;
        let Some(tail) = found.filter(|tail| tail.len() as i64 == wanted) else {
            tracing::error!(upload = self.upload.id, key, "the bucket lacks the last bytes of an upload");
            let detail = "bytes of the upload are lost; begin a new one";
            return Err(Problem::new(StatusCode::GONE, Code::UploadDamaged, detail));
        };
        Ok(BytesMut::from(&tail[..]))
    }

    /// The next bytes of the body; `None` at its end.
    async fn next(&mut self, body: &mut Body) -> Result<Result<Option<Bytes>, End>, Problem> {
        self.renew_if_due().await?;
        loop {
            let frame = tokio::select! {
                () = self.uploads.stop.cancelled() => return Ok(Err(End::Stopped)),
                frame = timeout(self.uploads.config.idle, body.frame()) => frame,
            };
            match frame {
                Ok(None) => return Ok(Ok(None)),
                // Trailers are no bytes of the file.
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Ok(Some(data))),
                    _ => {}
                },
                Ok(Some(Err(_))) | Err(_) => return Ok(Err(End::Broken)),
            }
        }
    }

    async fn renew_if_due(&mut self) -> Result<(), Problem> {
        if self.renewed.elapsed() < self.uploads.config.hold() / 8 {
            return Ok(());
        }
        self.renew().await
    }

    async fn renew(&mut self) -> Result<(), Problem> {
        let hold = self.uploads.config.hold();
        let client = self.uploads.database.get().await?;
        if !uploads::renew(&client, &self.upload.id, self.epoch, hold).await? {
            return Err(overtaken());
        }
        self.renewed = Instant::now();
        Ok(())
    }

    async fn put_part(
        &mut self,
        body: Bytes,
        multipart: &mut Option<String>,
        tags: &mut Vec<String>,
    ) -> Result<(), Problem> {
        self.renew().await?;
        let bucket = &self.uploads.bucket;
        let key = self.upload.object_key.clone();
        let upload_id = if let Some(id) = multipart {
            id.clone()
        } else {
            let id = retried(|| bucket.start_parts(&key, OBJECT_TYPE)).await?;
            // Nobody else finds these parts.
            let (tags, tail) = (self.upload.part_tags.clone(), self.upload.tail_key.clone());
            self.record(self.upload.received, Some(&id), &tags, tail.as_deref()).await?;
            multipart.insert(id).clone()
        };
        let upload = Multipart { key: &key, upload_id: &upload_id };
        let (number, length) = (tags.len() + 1, body.len() as u64);
        tags.push(retried(|| bucket.put_part(upload, number, body.clone())).await?);
        UPLOADED_BYTES.with_label_values(&[] as &[&str]).inc_by(length);
        Ok(())
    }

    async fn record(
        &mut self,
        received: i64,
        multipart: Option<&str>,
        tags: &[String],
        tail: Option<&str>,
    ) -> Result<(), Problem> {
        let config = &self.uploads.config;
        let to = Advance {
            received,
            multipart_id: multipart,
            part_tags: tags,
            tail_key: tail,
            hold: config.hold(),
            expire_after: config.expire_after,
        };
        let advanced = async {
            let client = self.uploads.database.get().await?;
            uploads::advance(&client, &self.upload.id, self.epoch, to).await
        };
        let advanced: Result<bool, DatabaseError> = advanced.await;
        if !advanced? {
            return Err(overtaken());
        }
        self.renewed = Instant::now();
        let earlier = std::mem::replace(&mut self.upload.tail_key, tail.map(str::to_owned));
        self.upload.received = received;
        self.upload.multipart_id = multipart.map(str::to_owned);
        self.upload.part_tags = tags.to_vec();
        if let Some(earlier) = earlier.filter(|earlier| Some(earlier.as_str()) != tail) {
            self.remove_tail(&earlier).await;
        }
        Ok(())
    }

    /// One that stays goes with the upload.
    async fn remove_tail(&self, key: &str) {
        if let Err(error) = self.uploads.bucket.remove(key).await {
            tracing::debug!(key, error = %chain(&error), "the last bytes of an upload are removed later");
        }
    }
}

fn broken() -> Problem {
    let detail = "the body ended early; go on at the offset that HEAD tells";
    Problem::new(StatusCode::BAD_REQUEST, Code::BodyIncomplete, detail)
}

fn stopped() -> Problem {
    let detail = "this replica stops, and kept nothing of the body; send it again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::Stopping, detail).retry_after(std::time::Duration::from_secs(1))
}

/// A few tries, with growing pauses.
async fn retried<T, F: Future<Output = Result<T, BucketError>>>(mut run: impl FnMut() -> F) -> Result<T, Problem> {
    let mut backoff = Backoff::default();
    loop {
        match run().await {
            Ok(done) => return Ok(done),
            Err(error) if backoff.attempts() + 1 >= TRIES => return Err(storage_failed(&error)),
            Err(_) => tokio::time::sleep(backoff.next_delay()).await,
        }
    }
}
