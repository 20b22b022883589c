//! Objects that are written part by part, by several processes one after the other.

use aws_sdk_s3::operation::abort_multipart_upload::AbortMultipartUploadError;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::bucket::Bucket;
use super::error::BucketError;

/// Every part but the last has at least this many bytes.
pub const SMALLEST_PART: usize = 5 * 1024 * 1024;
/// How many parts an object may have.
pub const MOST_PARTS: u64 = 10_000;

/// An object that is written in parts. Nobody sees it before it is completed.
#[derive(Debug, Clone, Copy)]
pub struct Multipart<'a> {
    /// Relative to the configured prefix.
    pub key: &'a str,
    /// What [`Bucket::start_parts`] has returned.
    pub upload_id: &'a str,
}

impl Bucket {
    /// Starts an object in parts, and returns the id of the upload.
    pub async fn start_parts(&self, key: &str, content_type: &str) -> Result<String, BucketError> {
        let key = self.full_key(key);
        let create = self.client.create_multipart_upload().bucket(&self.name).key(&key).content_type(content_type);
        let created =
            create.send().await.map_err(|source| self.failure("start the multipart upload of", &key, source))?;
        Ok(created.upload_id.unwrap_or_default())
    }

    /// Writes a part, and returns its tag. Parts are numbered from 1; one that is written again replaces the earlier one.
    pub async fn put_part(&self, upload: Multipart<'_>, number: usize, body: Bytes) -> Result<String, BucketError> {
        let key = self.full_key(upload.key);
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let put = self.client.upload_part().bucket(&self.name).key(&key).upload_id(upload.upload_id);
        let sent = put.part_number(number).body(ByteStream::from(body)).send().await;
        let written = sent.map_err(|source| self.failure("upload a part of", &key, source))?;
        Ok(written.e_tag.unwrap_or_default())
    }

    /// Joins the parts with these tags. False if there is no such upload: it was completed or removed before.
    pub async fn complete_parts(&self, upload: Multipart<'_>, tags: &[String]) -> Result<bool, BucketError> {
        let key = self.full_key(upload.key);
        let part = |(tag, number): (&String, i32)| CompletedPart::builder().part_number(number).e_tag(tag).build();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(tags.iter().zip(1..).map(part).collect()));
        let complete = self.client.complete_multipart_upload().bucket(&self.name).key(&key);
        match complete.upload_id(upload.upload_id).multipart_upload(parts.build()).send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().and_then(|error: &CompleteMultipartUploadError| error.meta().code())
                    == Some("NoSuchUpload") =>
            {
                Ok(false)
            }
            Err(error) => Err(self.failure("complete the multipart upload of", &key, error)),
        }
    }

    /// Removes the parts. That there are none is no error.
    pub async fn abort_parts(&self, upload: Multipart<'_>) -> Result<(), BucketError> {
        let key = self.full_key(upload.key);
        let abort = self.client.abort_multipart_upload().bucket(&self.name).key(&key).upload_id(upload.upload_id);
        match abort.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(AbortMultipartUploadError::is_no_such_upload) => Ok(()),
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => Ok(()),
            Err(error) => Err(self.failure("remove the parts of", &key, error)),
        }
    }

    /// The keys of the unfinished uploads below this one. It needs the permission to list them.
    pub async fn unfinished_parts(&self, prefix: &str) -> Result<Vec<String>, BucketError> {
        let prefix = self.full_key(prefix);
        let list = self.client.list_multipart_uploads().bucket(&self.name).prefix(&prefix).send().await;
        let listed = list.map_err(|source| self.failure("list the unfinished uploads of", &prefix, source))?;
        Ok(listed.uploads.unwrap_or_default().into_iter().filter_map(|upload| upload.key).collect())
    }
}
