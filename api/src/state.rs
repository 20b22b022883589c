use std::sync::Arc;

use axum::body::Bytes;
use vru_storage::postgres::Pool;

use crate::auth::Passwords;
use crate::cameras::CameraMessages;
use crate::config::ApiConfig;
use crate::pictures::Pictures;
use crate::sign_in::SignIn;
use crate::tokens::Tokens;
use crate::webhooks::Webhooks;

/// What every route uses. Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct ApiState {
    pub(crate) config: Arc<ApiConfig>,
    pub(crate) database: Pool,
    pub(crate) passwords: Passwords,
    pub(crate) cameras: CameraMessages,
    pub(crate) pictures: Pictures,
    pub(crate) sign_in: SignIn,
    pub(crate) tokens: Tokens,
    pub(crate) webhooks: Webhooks,
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
}
