use std::ops::Deref;
use std::sync::Arc;

use axum::body::Bytes;
use vru_runtime::live::LiveStore;
use vru_storage::postgres::Pool;

use crate::auth::Passwords;
use crate::camera_tests::CameraTests;
use crate::cameras::CameraMessages;
use crate::config::ApiConfig;
use crate::data_jobs::DataJobs;
use crate::database::Reads;
use crate::http::LargeAnswers;
use crate::limits::Limits;
use crate::live::Feeds;
use crate::pictures::Pictures;
use crate::rule_previews::RulePreviews;
use crate::sign_in::SignIn;
use crate::system::System;
use crate::tokens::Tokens;
use crate::uploads::Uploads;
use crate::webhooks::Webhooks;

/// What every route uses. Cloning it shares it, and costs little: axum does it several times for each request.
#[derive(Debug, Clone)]
pub(crate) struct ApiState(Arc<Parts>);

#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) config: Arc<ApiConfig>,
    /// The primary: for changes, and for reads that must see them.
    pub(crate) database: Pool,
    /// For reads of what the pipeline stores.
    pub(crate) reads: Reads,
    pub(crate) limits: Arc<Limits>,
    /// What cameras show now; `None` if nobody can know.
    pub(crate) live: Option<LiveStore>,
    pub(crate) feeds: Feeds,
    pub(crate) passwords: Passwords,
    pub(crate) cameras: CameraMessages,
    pub(crate) camera_tests: CameraTests,
    pub(crate) pictures: Pictures,
    pub(crate) rule_previews: RulePreviews,
    pub(crate) large_answers: LargeAnswers,
    pub(crate) sign_in: SignIn,
    pub(crate) tokens: Tokens,
    /// `None`: it takes none.
    pub(crate) uploads: Option<Uploads>,
    /// `None`: it does none.
    pub(crate) data_jobs: Option<DataJobs>,
    pub(crate) webhooks: Webhooks,
    pub(crate) system: System,
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
}

impl From<Parts> for ApiState {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for ApiState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
