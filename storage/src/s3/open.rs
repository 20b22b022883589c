//! Objects that are passed on while they are read.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::bucket::Bucket;
use super::error::BucketError;

/// What the server says when an object is opened.
#[derive(Debug)]
pub enum Opened {
    Object(Box<OpenObject>),
    Missing,
    /// The server says nothing about it.
    Refused,
    /// The object ends before the range begins.
    NoSuchRange,
}

/// An object, or a part of it, that is read piece by piece.
#[derive(Debug)]
pub struct OpenObject {
    /// As it was stored; empty if the server does not say it.
    pub content_type: String,
    /// Bytes of the part that was asked for.
    pub length: u64,
    /// Of a part, which it is: `bytes 0-9/100`.
    pub content_range: Option<String>,
    body: ByteStream,
    bucket: String,
    key: String,
}

impl OpenObject {
    /// `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, BucketError>> {
        let piece = self.body.next().await?;
        Some(piece.map_err(|source| BucketError {
            operation: "read",
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            source: Box::new(source),
        }))
    }
}

impl Bucket {
    /// `range`: as a browser writes it, such as `bytes=0-9`. It needs the permission to read the object (`s3:GetObject`) and no other.
    pub async fn open(&self, key: &str, range: Option<&str>) -> Result<Opened, BucketError> {
        let key = self.full_key(key);
        let get = self.client.get_object().bucket(&self.name).key(&key).set_range(range.map(str::to_owned));
        let object = match get.send().await {
            Ok(object) => object,
            Err(error) => {
                return match error.raw_response().map(|response| response.status().as_u16()) {
                    Some(404) => Ok(Opened::Missing),
                    Some(403) => Ok(Opened::Refused),
                    Some(416) => Ok(Opened::NoSuchRange),
                    _ => Err(self.failure("read", &key, error)),
                };
            }
        };
        let GetObjectOutput { content_type, content_length, content_range, body, .. } = object;
        Ok(Opened::Object(Box::new(OpenObject {
            content_type: content_type.unwrap_or_default(),
            length: content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
            content_range,
            body,
            bucket: self.name.clone(),
            key,
        })))
    }
}
