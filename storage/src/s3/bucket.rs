use std::error::Error;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use vru_runtime::report::chain;

use super::client::client;
use super::config::BucketConfig;
use super::error::BucketError;

/// Reads and writes whole objects. Keys are relative to the configured prefix.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) prefix: String,
}

impl Bucket {
    /// Makes no request.
    pub async fn new(config: &BucketConfig) -> Self {
        Self { client: client(config).await, name: config.bucket.clone(), prefix: config.prefix.clone() }
    }

    /// Fails unless the bucket exists and the credentials give access to it.
    pub async fn check(&self) -> Result<(), BucketError> {
        let response = self.client.head_bucket().bucket(&self.name).send().await;
        response.map(drop).map_err(|source| self.failure("access", "", source))
    }

    /// The object's content; `None` if no object has this key.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, BucketError> {
        let key = self.full_key(key);
        let object = match self.client.get_object().bucket(&self.name).key(&key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(self.failure("read", &key, error)),
        };
        let body = object.body.collect().await.map_err(|source| self.failure("read", &key, source))?;
        Ok(Some(body.into_bytes()))
    }

    /// Writes the object in one request, or, if it is larger than `part_bytes`, in parts of that size. Readers see either the
    /// whole object or none.
    pub async fn put(&self, key: &str, content_type: &str, body: Bytes, part_bytes: usize) -> Result<(), BucketError> {
        let key = self.full_key(key);
        if body.len() > part_bytes {
            return self.put_parts(&key, content_type, body, part_bytes).await;
        }
        let put = self.client.put_object().bucket(&self.name).key(&key).content_type(content_type);
        let response = put.body(ByteStream::from(body)).send().await;
        response.map(drop).map_err(|source| self.failure("write", &key, source))
    }

    async fn put_parts(
        &self,
        key: &str,
        content_type: &str,
        body: Bytes,
        part_bytes: usize,
    ) -> Result<(), BucketError> {
        let upload = self
            .client
            .create_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .send()
            .await
            .map_err(|source| self.failure("start the multipart upload of", key, source))?;
        let id = upload.upload_id().unwrap_or_default();
        let completed = self.upload_parts(key, id, body, part_bytes).await;
        if completed.is_err() {
            // Parts of unfinished uploads cost money. If this fails too, the bucket's lifecycle rule removes them.
            let abort = self.client.abort_multipart_upload().bucket(&self.name).key(key).upload_id(id);
            if let Err(error) = abort.send().await {
                tracing::warn!(key, error = %chain(&error), "cannot remove the parts of an unfinished upload");
            }
        }
        completed
    }

    async fn upload_parts(&self, key: &str, id: &str, mut body: Bytes, part_bytes: usize) -> Result<(), BucketError> {
        let mut parts = Vec::new();
        while !body.is_empty() {
            let part = body.split_to(part_bytes.min(body.len()));
            let number = parts.len() as i32 + 1;
            let upload = self.client.upload_part().bucket(&self.name).key(key).upload_id(id).part_number(number);
            let response = upload.body(ByteStream::from(part)).send().await;
            let response = response.map_err(|source| self.failure("upload a part of", key, source))?;
            parts.push(CompletedPart::builder().part_number(number).set_e_tag(response.e_tag).build());
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.name).key(key).upload_id(id);
        let response = complete.multipart_upload(parts).send().await;
        response.map(drop).map_err(|source| self.failure("complete the multipart upload of", key, source))
    }

    pub(super) fn full_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(super) fn failure(
        &self,
        operation: &'static str,
        key: &str,
        source: impl Error + Send + Sync + 'static,
    ) -> BucketError {
        BucketError { operation, bucket: self.name.clone(), key: key.to_owned(), source: Box::new(source) }
    }
}
