use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, header};
use vru_storage::postgres::{DatabaseError, PooledClient};
use vru_storage::sessions::{self, NewSession};
use vru_storage::users::User;

use super::cookie::set_cookie;
use super::token::Token;
use crate::config::SessionsConfig;

const LONGEST_USER_AGENT: usize = 200;

/// Begins a session for an authenticated user. Returns its cookie.
pub(crate) async fn begin_session(
    client: &PooledClient,
    config: &SessionsConfig,
    user: &User,
    address: IpAddr,
    headers: &HeaderMap,
) -> Result<Option<HeaderValue>, DatabaseError> {
    let token = Token::session();
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let new = NewSession {
        token_hash: &token.hash(),
        user_id: &user.id,
        lifetime: config.lifetime,
        address: &address.to_string(),
        user_agent: &user_agent.chars().take(LONGEST_USER_AGENT).collect::<String>(),
    };
    let session = sessions::create(client, new).await?;
    tracing::info!(user = user.id, session, %address, "logged in");
    Ok(set_cookie(token.text(), config.lifetime))
}
