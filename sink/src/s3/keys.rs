//! Names of objects: they follow from what the objects hold, so that a retry finds the same.

use sha2::{Digest as _, Sha256};
use vru_proto::names::utc_date;
use vru_runtime::kafka::Partition;

const HOUR_US: i64 = 3_600_000_000;

/// Which folder a frame's rows go to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Folder {
    /// Hours since 1970-01-01.
    hour: i64,
    camera_hash: u8,
}

impl Folder {
    pub(crate) fn of(captured_at_us: i64, camera: &str, folders: u32) -> Self {
        let hash = Sha256::digest(camera);
        let number = u32::from_be_bytes(*hash.first_chunk().expect("a SHA-256 has 32 bytes"));
        Self { hour: captured_at_us.div_euclid(HOUR_US), camera_hash: (number % folders.max(1)) as u8 }
    }
}

/// Eight digits for the cluster: the offsets of another one start anew and must not overwrite.
pub(crate) fn short_cluster(cluster_id: &str) -> String {
    Sha256::digest(cluster_id).iter().take(4).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Where the rows of one folder of one segment go.
pub(crate) fn parquet_key(folder: &Folder, cluster: &str, partition: &Partition, first_offset: i64) -> String {
    let date = utc_date(folder.hour * HOUR_US);
    let hour = folder.hour.rem_euclid(24);
    format!(
        "detections/date={date}/hour={hour:02}/camera_hash={:02x}/{}-{cluster}-{:03}-{first_offset:020}.parquet",
        folder.camera_hash, partition.topic, partition.number
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_time_camera_and_place_in_kafka() {
        let folder = Folder::of(1_700_000_000_000_000, "cam-1", 16);
        let key = parquet_key(&folder, &short_cluster("c"), &Partition::new("vru.detections", 3), 42);
        let hash = folder.camera_hash;
        assert!(hash < 16);
        assert_eq!(
            key,
            format!(
                "detections/date=2023-11-14/hour=22/camera_hash={hash:02x}/\
                 vru.detections-2e7d2c03-003-00000000000000000042.parquet"
            )
        );
    }

    #[test]
    fn a_camera_stays_in_its_folder() {
        let folders: Vec<_> = (0..3).map(|hour| Folder::of(hour * HOUR_US, "cam-1", 16)).collect();
        assert!(folders.iter().all(|folder| folder.camera_hash == folders[0].camera_hash));
        assert_ne!(folders[0], folders[1]);
    }
}
