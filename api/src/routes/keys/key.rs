//! A key or a client as requests and answers have it, and what keys and clients, of a site and for all sites, share.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vru_auth::policy::Scope;
use vru_storage::api_keys::{self, Kind, NewApiKey};
use vru_storage::audit::{self, Entry};
use vru_storage::postgres::DatabaseError;

use crate::auth::{Caller, Token};
use crate::http::{Page, PageQuery, Problem};
use crate::routes::text::{check_display_name, time};
use crate::state::ApiState;

/// A key that nobody replaces is one day in the wrong hands.
const LONGEST: Duration = Duration::from_hours(24 * 731);

/// A key of a program, or a client that gets tokens. The key itself, and the secret of a client, are shown once, when it is made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// Of a client, this is the `client_id`.
    id: String,
    name: String,
    /// The site that it is for; absent for all sites.
    #[serde(skip_serializing_if = "Option::is_none")]
    site_id: Option<String>,
    scopes: Vec<ScopeName>,
    /// The user who made it.
    created_by: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// The last request, to the minute; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    used_at: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[schema(min_items = 1)]
    scopes: Vec<ScopeName>,
    /// From when on it opens nothing: within two years.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Scope)]
pub(super) enum ScopeName {
    #[serde(rename = "sites:read")]
    SitesRead,
    #[serde(rename = "sites:write")]
    SitesWrite,
    #[serde(rename = "audit:read")]
    AuditRead,
    #[serde(rename = "cameras:read")]
    CamerasRead,
    #[serde(rename = "cameras:write")]
    CamerasWrite,
    #[serde(rename = "live:read")]
    LiveRead,
    #[serde(rename = "counts:read")]
    CountsRead,
    #[serde(rename = "tracks:read")]
    TracksRead,
    #[serde(rename = "alerts:read")]
    AlertsRead,
    #[serde(rename = "alerts:write")]
    AlertsWrite,
    #[serde(rename = "pictures:read")]
    PicturesRead,
    #[serde(rename = "uploads:read")]
    UploadsRead,
    #[serde(rename = "uploads:write")]
    UploadsWrite,
    #[serde(rename = "webhooks:read")]
    WebhooksRead,
    #[serde(rename = "webhooks:write")]
    WebhooksWrite,
    #[serde(rename = "system:read")]
    SystemRead,
}

impl From<Scope> for ScopeName {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::SitesRead => Self::SitesRead,
            Scope::SitesWrite => Self::SitesWrite,
            Scope::AuditRead => Self::AuditRead,
            Scope::CamerasRead => Self::CamerasRead,
            Scope::CamerasWrite => Self::CamerasWrite,
            Scope::LiveRead => Self::LiveRead,
            Scope::CountsRead => Self::CountsRead,
            Scope::TracksRead => Self::TracksRead,
            Scope::AlertsRead => Self::AlertsRead,
            Scope::AlertsWrite => Self::AlertsWrite,
            Scope::PicturesRead => Self::PicturesRead,
            Scope::UploadsRead => Self::UploadsRead,
            Scope::UploadsWrite => Self::UploadsWrite,
            Scope::WebhooksRead => Self::WebhooksRead,
            Scope::WebhooksWrite => Self::WebhooksWrite,
            Scope::SystemRead => Self::SystemRead,
        }
    }
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::SitesRead => Self::SitesRead,
            ScopeName::SitesWrite => Self::SitesWrite,
            ScopeName::AuditRead => Self::AuditRead,
            ScopeName::CamerasRead => Self::CamerasRead,
            ScopeName::CamerasWrite => Self::CamerasWrite,
            ScopeName::LiveRead => Self::LiveRead,
            ScopeName::CountsRead => Self::CountsRead,
            ScopeName::TracksRead => Self::TracksRead,
            ScopeName::AlertsRead => Self::AlertsRead,
            ScopeName::AlertsWrite => Self::AlertsWrite,
            ScopeName::PicturesRead => Self::PicturesRead,
            ScopeName::UploadsRead => Self::UploadsRead,
            ScopeName::UploadsWrite => Self::UploadsWrite,
            ScopeName::WebhooksRead => Self::WebhooksRead,
            ScopeName::WebhooksWrite => Self::WebhooksWrite,
            ScopeName::SystemRead => Self::SystemRead,
        }
    }
}

impl From<api_keys::ApiKey> for ApiKey {
    fn from(key: api_keys::ApiKey) -> Self {
        let api_keys::ApiKey { id, name, site_id, scopes, created_by, created_at, expires_at, used_at } = key;
        Self {
            id,
            name,
            site_id,
            scopes: scopes.into_iter().map(ScopeName::from).collect(),
            created_by,
            created_at: time(created_at),
            expires_at: time(expires_at),
            used_at: used_at.map(time),
        }
    }
}

pub(crate) async fn list(
    state: &ApiState,
    kind: Kind,
    site_id: Option<&str>,
    page: &PageQuery,
) -> Result<Json<Page<ApiKey>>, Problem> {
    let client = state.database.get().await?;
    let found = api_keys::list(&client, kind, site_id, &page.after, page.read()).await?;
    Ok(Json(page.page(found, |key| key.id.clone()).map(ApiKey::from)))
}

/// The key or the client, and what it is shown with.
pub(crate) async fn create(
    state: &ApiState,
    caller: &Caller,
    kind: Kind,
    site_id: Option<&str>,
    new: NewKey,
) -> Result<(ApiKey, Token), Problem> {
    let NewKey { name, scopes, expires_at } = new;
    check_display_name("name", &name)?;
    let mut wanted: Vec<Scope> = Vec::new();
    for scope in scopes.into_iter().map(Scope::from) {
        if !wanted.contains(&scope) {
            wanted.push(scope);
        }
    }
    if wanted.is_empty() {
        return Err(Problem::field("scopes", "is empty: nothing could be done with it"));
    }
    let expires_at = check_expiry(&expires_at)?;
    let token = match kind {
        Kind::ApiKey => Token::api_key(),
        Kind::Client => Token::client_secret(),
    };
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("make an API key");
    let transaction = client.transaction().await.map_err(failed)?;
    let new = NewApiKey {
        kind,
        token_hash: &token.hash(),
        name: &name,
        site_id,
        scopes: &wanted,
        created_by: &caller.person()?.user.id,
        expires_at,
    };
    let key = ApiKey::from(api_keys::create(&transaction, new).await?);
    let details = json!({ "name": name, "scopes": key.scopes, "expires_at": key.expires_at });
    let action = match kind {
        Kind::ApiKey => "key.create",
        Kind::Client => "client.create",
    };
    let entry = Entry { action, site_id: site_id.unwrap_or_default(), object: &key.id, details };
    audit::record(&transaction, &caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok((key, token))
}

pub(crate) async fn revoke(
    state: &ApiState,
    caller: &Caller,
    kind: Kind,
    site_id: Option<&str>,
    id: &str,
) -> Result<StatusCode, Problem> {
    let mut client = state.database.get().await?;
    let failed = DatabaseError::statement("revoke an API key");
    let transaction = client.transaction().await.map_err(failed)?;
    let (what, action) = match kind {
        Kind::ApiKey => ("key", "key.revoke"),
        Kind::Client => ("client", "client.revoke"),
    };
    if !api_keys::revoke(&transaction, kind, site_id, id).await? {
        return Err(Problem::not_found(what));
    }
    let entry = Entry { action, site_id: site_id.unwrap_or_default(), object: id, details: json!({}) };
    audit::record(&transaction, &caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_expiry(text: &str) -> Result<SystemTime, Problem> {
    let wrong = |detail: &str| Problem::field("expires_at", detail);
    let time: Timestamp = text.parse().map_err(|_| wrong("is not a time such as 2027-01-31T00:00:00Z"))?;
    let time = SystemTime::try_from(time).map_err(|_| wrong("is not a time that this service can keep"))?;
    match time.duration_since(SystemTime::now()) {
        Err(_) => Err(wrong("has passed")),
        Ok(left) if left > LONGEST => Err(wrong("is more than two years away")),
        Ok(_) => Ok(time),
    }
}
