//! An API with a bucket of its own on the real S3 server, and a site.

use std::time::Duration;

use vru_api::ApiConfig;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{S3Server, s3};
use vru_storage::s3::{Bucket, BucketConfig};

use super::api::{Api, ApiClient};

pub struct ApiWithBucket {
    pub api: Api,
    pub admin: ApiClient,
    pub site: String,
    pub bucket: Bucket,
}

impl ApiWithBucket {
    /// The section `s3` has the bucket and is not enabled.
    pub async fn start(change: impl FnOnce(&mut ApiConfig)) -> Self {
        Self::start_on(tokio::task::block_in_place(s3), change).await
    }

    /// With a bucket of this server.
    pub async fn start_on(server: &S3Server, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let config = tokio::task::block_in_place(|| BucketConfig {
            bucket: server.bucket(),
            prefix: "roads/".to_owned(),
            endpoint: server.endpoint(),
            access_key: Secret::new(S3Server::ACCESS_KEY),
            secret_key: Secret::new(S3Server::SECRET_KEY),
            ..BucketConfig::default()
        });
        let bucket = Bucket::new(&config).await;
        let api = Api::start_with(|api| {
            api.s3.bucket = config;
            change(api);
        })
        .await;
        let admin = api.admin().await;
        let site = admin.create_site("own").await;
        Self { api, admin, site, bucket }
    }

    /// Shows pictures of the camera `cam-a` from a bucket of this server, of which it may read objects, and nothing else.
    pub async fn with_pictures(server: &S3Server, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let with_bucket = Self::start_on(server, |api| {
            api.s3.enabled = true;
            api.s3.bucket.access_key = Secret::new(S3Server::READER_ACCESS_KEY);
            api.s3.bucket.secret_key = Secret::new(S3Server::READER_SECRET_KEY);
            api.s3.bucket.timeout = Duration::from_secs(3);
            change(api);
        })
        .await;
        with_bucket.api.add_camera(&with_bucket.site, "cam-a");
        with_bucket
    }

    pub async fn put(&self, key: &str, kind: &str, bytes: &[u8]) {
        put(&self.bucket, key, kind, bytes).await;
    }
}

pub async fn put(bucket: &Bucket, key: &str, kind: &str, bytes: &[u8]) {
    bucket.put(key, kind, bytes.to_vec().into(), 16 << 20).await.expect("the object is stored");
}
