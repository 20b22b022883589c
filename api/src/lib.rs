//! The REST API: people log in, see what their sites' cameras saw, and change what they may.
//!
//! - [`routes`]: one file a route, with its request, answer and documentation. Their documents together are the OpenAPI document.
//! - `auth`: who asks (sessions, passwords), and how log-ins are slowed. Who may do what is `vru_auth::policy`.
//! - `cameras`: changes of cameras reach Kafka.
//! - `database`: a replica serves reads while it is near enough.
//! - `camera_tests`: requests to ingest to test a camera, and their results.
//! - `pictures`: addresses of snapshots and clips.
//! - `tokens`: short-lived tokens of programs, and the keys that sign them.
//! - `sign_in`: people sign in with identity providers. `outbound`: requests to servers of others.
//! - `webhooks`: alerts reach the addresses that a site's webhooks name. `words`: what messages and tables number, as words.
//! - `uploads`: video files reach the bucket, become cameras, and are deleted with all that was found in them.
//! - `data_jobs`: deletion and export of one camera's data by range of time.
//! - `retention`: sites keep some kinds of data for less time than the service.
//! - `live`: feeds of pictures and events.
//! - `group_reader`: records that all replicas store together. `limits`: how many requests a caller may send.
//! - `system`: how everything is.
//! - `rotate_secrets`: the command that changes the key of encrypted values.
//! - `http`: what stands before every route (limits, origin, request ids), bodies, entity tags and problems.
//!
//! Queries are in `vru-storage`.

mod auth;
mod camera_tests;
mod cameras;
pub mod config;
mod data_jobs;
mod database;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod group_reader;
mod http;
mod limits;
mod live;
mod maintenance;
mod metrics;
pub mod openapi;
mod outbound;
mod pictures;
mod reader_positions;
mod retention;
mod rotate_secrets;
pub mod routes;
mod rule_previews;
mod server;
mod sign_in;
mod state;
mod system;
mod tokens;
mod uploads;
mod webhooks;
mod words;

pub use auth::{create_admin, read_password};
pub use camera_tests::CameraTestsConfig;
pub use config::ApiConfig;
pub use data_jobs::DataJobsConfig;
pub use database::DatabaseSection;
pub use limits::{RateConfig, RateLimitsConfig};
pub use live::LiveConfig;
pub use retention::RetentionConfig;
pub use rotate_secrets::rotate_secrets;
pub use server::{run, run_webhooks, run_with_live};
pub use sign_in::{ProviderConfig, SignInConfig};
pub use system::SystemConfig;
pub use tokens::{TokensConfig, rotate_signing_key};
pub use uploads::UploadsConfig;
pub use webhooks::WebhooksConfig;
