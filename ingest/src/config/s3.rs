use serde::de::MapAccess;
use serde::{Deserialize, Deserializer};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::flat_section::{self, FlatSection};
use vru_storage::s3::BucketConfig;

/// Section `s3`: the bucket with files that people upload, as the API has it. The credentials need `s3:GetObject` below `uploads/`.
#[derive(Debug, Clone, Default)]
pub struct S3Section {
    pub bucket: BucketConfig,
}

impl FlatSection for S3Section {
    const KEYS: &'static [&'static str] =
        &["bucket", "prefix", "endpoint", "allow_http", "region", "path_style", "access_key", "secret_key", "timeout"];

    fn read<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error> {
        self.bucket.read(key, map)
    }
}

impl<'de> Deserialize<'de> for S3Section {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        flat_section::deserialize(deserializer)
    }
}

impl Validate for S3Section {
    fn validate(&self, problems: &mut Problems) {
        self.bucket.validate(problems);
    }
}
