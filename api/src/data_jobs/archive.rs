//! A tar archive that is written to the bucket part by part, with no more than one part and one file in memory.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vru_storage::s3::{Bucket, BucketError, Multipart};

const BLOCK: usize = 512;

/// Writes the archive.
pub(super) struct Archive<'a> {
    bucket: &'a Bucket,
    upload: Multipart<'a>,
    part_bytes: usize,
    /// Seconds since 1970, of all files.
    time: u64,
    buffer: BytesMut,
    tags: Vec<String>,
    bytes: u64,
    hash: Sha256,
    /// What the manifest says of each file.
    files: Vec<Value>,
}

impl<'a> Archive<'a> {
    pub(super) fn new(bucket: &'a Bucket, upload: Multipart<'a>, part_bytes: usize, time: u64) -> Self {
        Self {
            bucket,
            upload,
            part_bytes,
            time,
            buffer: BytesMut::new(),
            tags: Vec::new(),
            bytes: 0,
            hash: Sha256::new(),
            files: Vec::new(),
        }
    }

    /// Adds a file. `rows`: how many lines it has; `None` for a picture.
    pub(super) async fn add(&mut self, name: &str, content: &[u8], rows: Option<usize>) -> Result<(), BucketError> {
        let mut file = json!({ "name": name, "bytes": content.len(), "sha256": hex::encode(Sha256::digest(content)) });
        if let Some(rows) = rows {
            file["rows"] = json!(rows);
        }
        self.files.push(file);
        self.write_file(name, content).await
    }

    /// Adds a file that another file of the archive lists, so that the manifest stays small.
    pub(super) async fn add_listed(&mut self, name: &str, content: &[u8]) -> Result<(), BucketError> {
        self.write_file(name, content).await
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn write_file(&mut self, name: &str, content: &[u8]) -> Result<(), BucketError> {
        self.write(&header(name, content.len(), self.time)).await?;
        self.write(content).await?;
        self.write(&[0; BLOCK][..content.len().next_multiple_of(BLOCK) - content.len()]).await
    }

    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), BucketError> {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.part_bytes - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == self.part_bytes {
                self.put_part().await?;
            }
        }
        Ok(())
    }

    async fn put_part(&mut self) -> Result<(), BucketError> {
        let part: Bytes = self.buffer.split().freeze();
        self.tags.push(self.bucket.put_part(self.upload, self.tags.len() + 1, part).await?);
        Ok(())
    }

    /// Adds the manifest with what is known of the whole, completes the object, and returns its size and SHA-256.
    pub(super) async fn finish(mut self, mut about: Value) -> Result<(u64, String), BucketError> {
        about["files"] = Value::Array(std::mem::take(&mut self.files));
        self.write_file("manifest.json", format!("{about:#}\n").as_bytes()).await?;
        // The end of an archive.
        self.write(&[0; 2 * BLOCK]).await?;
        if !self.buffer.is_empty() {
            self.put_part().await?;
        }
        self.bucket.complete_parts(self.upload, &self.tags).await?;
        Ok((self.bytes, hex::encode(self.hash.finalize())))
    }
}

/// Of a plain file, as POSIX (ustar) has it. A name of more than 100 bytes is divided at a slash.
fn header(name: &str, length: usize, time: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut set = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    let cut = if name.len() > 100 {
        name.rfind('/').filter(|&slash| slash <= 155 && name.len() - slash <= 101)
    } else {
        None
    };
    match cut {
        Some(slash) => {
            set(0, &name[slash + 1..]);
            set(345, &name[..slash]);
        }
        None => set(0, &name[..name.floor_char_boundary(100)]),
    }
    set(100, "0000644\0");
    set(108, "0000000\0");
    set(116, "0000000\0");
    set(124, &format!("{length:011o}\0"));
    set(136, &format!("{time:011o}\0"));
    set(148, "        ");
    set(156, "0");
    set(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}
