//! Keys of the objects. They depend only on what the objects contain, so that a retry writes the same object. The keys of
//! alert snapshots and clips are in `vru_proto::names`, because the alert itself contains them.

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use vru_proto::time::utc;
use vru_runtime::kafka::{Partition, TopicId};

/// The folder of a Parquet object: an hour (UTC) of capture time, and a hash of the camera.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParquetFolder {
    date: Date,
    hour: i8,
    camera_hash: u8,
}

impl ParquetFolder {
    /// The folder of a frame; `camera_folders` is the number of folders that each hour is split into.
    pub fn new(captured_at_us: i64, camera: &str, camera_folders: u32) -> Self {
        let time = utc(captured_at_us);
        let digest = Sha256::digest(camera);
        let number = u32::from_be_bytes(*digest.first_chunk().expect("a SHA-256 has 32 bytes"));
        Self { date: time.date(), hour: time.hour(), camera_hash: (number % camera_folders.max(1)) as u8 }
    }
}

/// Eight hexadecimal digits that identify the topic and its Kafka cluster. The key of an object contains offsets, and another cluster, or
/// a topic that was created again under the same name, has the same offsets: without the digits its objects would overwrite earlier ones.
pub fn stream_digits(cluster_id: &str, topic: TopicId) -> String {
    let hash = Sha256::new().chain_update(cluster_id).chain_update([0]).chain_update(topic.to_bytes()).finalize();
    hash.iter().take(4).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Key of the rows of one folder that one segment of a Kafka partition contains. The segment starts at `first_offset`.
pub fn parquet_key(folder: &ParquetFolder, stream: &str, partition: &Partition, first_offset: i64) -> String {
    let ParquetFolder { date, hour, camera_hash } = folder;
    format!(
        "detections/date={date}/hour={hour:02}/camera_hash={camera_hash:02x}/{}-{stream}-{:03}-{first_offset:020}.parquet",
        partition.topic, partition.number
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_contains_hour_camera_hash_partition_and_offset() {
        let folder = ParquetFolder::new(1_700_000_000_000_000, "cam-1", 16);
        let stream = stream_digits("c", TopicId::NONE);
        let key = parquet_key(&folder, &stream, &Partition::new("vru.detections", 3), 42);
        assert_ne!(stream_digits("c", TopicId::from_bytes([1; 16])), stream);
        assert_eq!(stream.len(), 8);
        let hash = folder.camera_hash;
        assert!(hash < 16);
        assert_eq!(
            key,
            format!(
                "detections/date=2023-11-14/hour=22/camera_hash={hash:02x}/\
                 vru.detections-{stream}-003-00000000000000000042.parquet"
            )
        );
    }

    #[test]
    fn a_camera_has_the_same_hash_in_every_hour() {
        let folders: Vec<_> = (0..3).map(|hour| ParquetFolder::new(hour * 3_600_000_000, "cam-1", 16)).collect();
        assert!(folders.iter().all(|folder| folder.camera_hash == folders[0].camera_hash));
        assert_ne!(folders[0], folders[1]);
    }
}
