//! Who asks: a person with a session, or a program with an API key or a token.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use vru_auth::policy::{Action, KeyStanding, Role, Standing, allows, allows_key};
use vru_auth::{Identity, bearer_token};
use vru_storage::api_keys::{self, ApiKey};
use vru_storage::audit::Actor;
use vru_storage::idempotency::Claim;
use vru_storage::postgres::PooledClient;
use vru_storage::sessions::{self, Session};
use vru_storage::users::User;

use super::cookie::session_tokens;
use super::token::{KEY_PREFIX, hash};
use crate::http::{Code, Problem, Repeatable, RequestId};
use crate::state::ApiState;
use crate::tokens;

/// Without a session, a key or a token the request is answered with 401.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    request_id: String,
    /// Of a request with an idempotency key that changes something.
    claim: Option<Claim>,
}

#[derive(Debug, Clone)]
pub(crate) enum Who {
    Person(Person),
    /// A key, or the client of a token with what the token is for.
    Key(ApiKey),
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) session_id: String,
    pub(crate) user: User,
    /// Their sites.
    pub(crate) roles: Vec<(String, Role)>,
}

/// Who sends a request, or why that is not known. Found out once, before the request is counted.
#[derive(Debug, Clone)]
pub(crate) struct Sender(Result<Who, Problem>);

impl Sender {
    /// Whose requests are counted together; `None` if nobody known sends it.
    pub(crate) fn subject(&self) -> Option<String> {
        self.0.as_ref().ok().map(Who::subject)
    }

    /// For an answer that goes on: its caller is asked for again from time to time.
    pub(crate) fn into_caller(self, request_id: &str) -> Result<Caller, Problem> {
        Ok(Caller { who: self.0?, request_id: request_id.to_owned(), claim: None })
    }
}

impl Who {
    fn subject(&self) -> String {
        match self {
            Self::Person(person) => format!("user:{}", person.user.id),
            Self::Key(key) => format!("key:{}", key.id),
        }
    }
}

/// Looks in the database for who sends a request with these headers.
pub(crate) async fn identify(headers: &HeaderMap, state: &ApiState) -> Sender {
    // A program that sends a key means it: the cookie does not count then.
    let found = if headers.contains_key(header::AUTHORIZATION) {
        with_bearer(headers, state).await
    } else {
        with_session(headers, state).await
    };
    Sender(found)
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let Sender(found) = parts.extensions.get::<Sender>().cloned().ok_or_else(Problem::internal)?;
        Ok(Self { who: found?, request_id, claim: None })
    }
}

async fn with_bearer(headers: &HeaderMap, state: &ApiState) -> Result<Who, Problem> {
    let unknown = || {
        let detail = "the API key is unknown, revoked or expired";
        Problem::new(StatusCode::UNAUTHORIZED, Code::KeyInvalid, detail)
    };
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(unknown()) };
    let bearer = bearer_token(value.to_str().ok()).map_err(|_| unknown())?;
    if bearer.starts_with(KEY_PREFIX) || bearer.split('.').count() != 3 {
        let client = state.database.get().await?;
        return api_keys::find(&client, &hash(bearer)).await?.map(Who::Key).ok_or_else(unknown);
    }
    let Identity { subject, scopes, .. } = state.tokens.verify(bearer).await?;
    let client = state.database.get().await?;
    // A client that was revoked is gone, although its tokens are good elsewhere for some minutes.
    let mut program = api_keys::client_of_token(&client, &subject).await?.ok_or_else(tokens::invalid)?;
    program.scopes.retain(|scope| scopes.iter().any(|word| word == scope.word()));
    Ok(Who::Key(program))
}

async fn with_session(headers: &HeaderMap, state: &ApiState) -> Result<Who, Problem> {
    let unknown = || {
        let detail = "log in first: POST /api/v1/session";
        Problem::new(StatusCode::UNAUTHORIZED, Code::NotLoggedIn, detail)
    };
    let mut tokens = session_tokens(headers);
    let (Some(token), None) = (tokens.next(), tokens.next()) else { return Err(unknown()) };
    let client = state.database.get().await?;
    let found = sessions::find(&client, &hash(token), state.config.sessions.idle).await?;
    let Session { id, user, roles } = found.ok_or_else(unknown)?;
    Ok(Who::Person(Person { session_id: id, user, roles }))
}

impl Caller {
    /// As [`Sender::subject`].
    pub(crate) fn subject(&self) -> String {
        self.who.subject()
    }

    /// Whether they may do something that belongs to no site.
    pub(crate) fn may(&self, action: Action) -> Result<(), Problem> {
        let allowed = match &self.who {
            Who::Person(person) => allows(action, Standing { system_admin: person.user.system_admin, role: None }),
            Who::Key(key) => {
                let global = key.site_id.is_none();
                allows_key(action, KeyStanding { scopes: &key.scopes, at_site: global, global })
            }
        };
        if allowed { Ok(()) } else { Err(Problem::forbidden()) }
    }

    /// Whether they may do something at a site. Of a site that is not theirs they learn nothing, not even that it exists.
    pub(crate) fn may_at(&self, action: Action, site_id: &str) -> Result<(), Problem> {
        let (allowed, theirs) = match &self.who {
            Who::Person(person) => {
                let role = person.roles.iter().find(|(site, _)| site == site_id).map(|(_, role)| *role);
                (allows(action, Standing { system_admin: person.user.system_admin, role }), role.is_some())
            }
            Who::Key(key) => {
                let global = key.site_id.is_none();
                let at_site = global || key.site_id.as_deref() == Some(site_id);
                (allows_key(action, KeyStanding { scopes: &key.scopes, at_site, global }), at_site)
            }
        };
        match (allowed, theirs) {
            (true, _) => Ok(()),
            (false, true) => Err(Problem::forbidden()),
            (false, false) => Err(Problem::not_found("site")),
        }
    }

    /// Whether all sites are theirs.
    pub(crate) fn is_global(&self) -> bool {
        match &self.who {
            Who::Person(person) => person.user.system_admin,
            Who::Key(key) => key.site_id.is_none(),
        }
    }

    /// A request that was served before is not served again.
    pub(super) async fn claim(&mut self, request: &Repeatable, client: &PooledClient) -> Result<(), Problem> {
        let Actor { user_id, key_id, .. } = self.actor();
        self.claim = Some(request.claim(client, user_id + &key_id).await?);
        Ok(())
    }

    /// For the audit log.
    pub(crate) fn actor(&self) -> Actor {
        let (user_id, key_id) = match &self.who {
            Who::Person(person) => (person.user.id.clone(), String::new()),
            Who::Key(key) => (String::new(), key.id.clone()),
        };
        Actor { user_id, key_id, request_id: self.request_id.clone(), claim: self.claim.clone() }
    }

    /// For what only people do: the policy lets no key come here.
    pub(crate) fn person(&self) -> Result<&Person, Problem> {
        match &self.who {
            Who::Person(person) => Ok(person),
            Who::Key(_) => Err(Problem::forbidden()),
        }
    }
}
