//! Objects that are read in pieces, listed, and removed.

use std::ops::Range;
use std::time::SystemTime;

use aws_sdk_s3::operation::head_object::HeadObjectError;
use bytes::Bytes;

use super::bucket::Bucket;
use super::error::BucketError;

/// What the server says of an object. Another content has another tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectStamp {
    pub length: u64,
    pub tag: String,
    /// `None` if the server does not say it.
    pub written_at: Option<SystemTime>,
}

/// An object of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Relative to the configured prefix.
    pub key: String,
    /// `None` if the server does not say it.
    pub written_at: Option<SystemTime>,
}

impl Bucket {
    /// `None` if no object has this key.
    pub async fn stamp(&self, key: &str) -> Result<Option<ObjectStamp>, BucketError> {
        let key = self.full_key(key);
        let head = match self.client.head_object().bucket(&self.name).key(&key).send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(None),
            Err(error) => return Err(self.failure("look for", &key, error)),
        };
        let written_at = head.last_modified.and_then(|time| SystemTime::try_from(time).ok());
        let length = u64::try_from(head.content_length.unwrap_or_default()).unwrap_or_default();
        Ok(Some(ObjectStamp { length, tag: head.e_tag.unwrap_or_default(), written_at }))
    }

    /// The bytes in this range, less if the object ends before. With a tag, an object that was replaced is an error.
    pub async fn read_range(&self, key: &str, range: Range<u64>, tag: &str) -> Result<Bytes, BucketError> {
        let key = self.full_key(key);
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let bytes = format!("bytes={}-{}", range.start, range.end - 1);
        let mut get = self.client.get_object().bucket(&self.name).key(&key).range(bytes);
        if !tag.is_empty() {
            get = get.if_match(tag);
        }
        let object = get.send().await.map_err(|source| self.failure("read", &key, source))?;
        let body = object.body.collect().await.map_err(|source| self.failure("read", &key, source))?;
        Ok(body.into_bytes())
    }

    /// Removes an object. That there is none is no error.
    pub async fn remove(&self, key: &str) -> Result<(), BucketError> {
        let key = self.full_key(key);
        let removed = self.client.delete_object().bucket(&self.name).key(&key).send().await;
        match removed {
            Ok(_) => Ok(()),
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => Ok(()),
            Err(error) => Err(self.failure("remove", &key, error)),
        }
    }

    /// The keys below this one, at most a thousand. It needs the permission to list the bucket.
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>, BucketError> {
        let full = self.full_key(prefix);
        let list = self.client.list_objects_v2().bucket(&self.name).prefix(&full).send().await;
        let listed = list.map_err(|source| self.failure("list", &full, source))?;
        let keys = listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
        Ok(keys.filter_map(|key| key.strip_prefix(&self.prefix).map(str::to_owned)).collect())
    }

    /// The objects below this key, in the order of keys, after the key `after`; at most a thousand. It needs the permission to list the
    /// bucket.
    pub async fn list(&self, prefix: &str, after: &str) -> Result<Vec<ListedObject>, BucketError> {
        let full = self.full_key(prefix);
        let mut list = self.client.list_objects_v2().bucket(&self.name).prefix(&full);
        if !after.is_empty() {
            list = list.start_after(self.full_key(after));
        }
        let listed = list.send().await.map_err(|source| self.failure("list", &full, source))?;
        let objects = listed.contents.unwrap_or_default().into_iter().filter_map(|object| {
            let key = object.key?.strip_prefix(&self.prefix)?.to_owned();
            Some(ListedObject {
                key,
                written_at: object.last_modified.and_then(|time| SystemTime::try_from(time).ok()),
            })
        });
        Ok(objects.collect())
    }
}
