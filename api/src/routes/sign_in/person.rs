//! Which user of ours somebody is who has signed in at a provider. An account opens the user to whom it is linked; it is linked by an admin,
//! or by the link of an invitation. A name or an e-mail address never links anything: providers let people choose them.

use axum::http::StatusCode;
use deadpool_postgres::Transaction;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::identities;
use vru_storage::postgres::{DatabaseError, PooledClient};
use vru_storage::users::{self, NewUser, User};

use crate::auth::hash;
use crate::http::{Code, Problem};
use crate::sign_in::{Account, SignedIn};

pub(super) async fn of(
    client: &mut PooledClient,
    provider: &str,
    signed_in: SignedIn,
    create: bool,
    request_id: &str,
) -> Result<User, Problem> {
    let SignedIn { account, invitation } = signed_in;
    let failed = DatabaseError::statement("sign somebody in");
    let transaction = client.transaction().await.map_err(failed)?;
    let known = identities::sign_in(&transaction, &account.issuer, &account.subject).await?;
    let user = match (known, invitation) {
        (Some(user), None) => user,
        (known, Some(token)) => invited(&transaction, &account, &token, known, request_id).await?,
        (None, None) if create => add(&transaction, provider, &account, request_id).await?,
        (None, None) => {
            tracing::info!(provider, subject = account.subject, "somebody who is not linked has signed in");
            let detail = "nobody here has this account: ask an admin for an invitation";
            return Err(Problem::new(StatusCode::FORBIDDEN, Code::NotInvited, detail));
        }
    };
    if user.disabled {
        return Err(Problem::new(StatusCode::FORBIDDEN, Code::UserDisabled, "an admin has disabled your account here"));
    }
    transaction.commit().await.map_err(failed)?;
    Ok(user)
}

/// Uses the invitation up, and links the account to whom it is for.
async fn invited(
    transaction: &Transaction<'_>,
    account: &Account,
    token: &str,
    known: Option<User>,
    request_id: &str,
) -> Result<User, Problem> {
    let Some(user) = identities::take_invitation(transaction, &hash(token), &account.issuer).await? else {
        let detail =
            "the invitation was used, or has expired, or is for another identity provider: ask for another one";
        return Err(Problem::new(StatusCode::FORBIDDEN, Code::InvitationInvalid, detail));
    };
    match known {
        Some(known) if known.id == user.id => Ok(user),
        Some(_) => {
            let detail = "this account is already that of another user here; sign in without the invitation";
            Err(Problem::conflict(Code::IdentityTaken, "", detail))
        }
        None => {
            link(transaction, &user, account, "invitation", request_id).await.map_err(twice)?;
            Ok(user)
        }
    }
}

/// A user who may do nothing until somebody lets them.
async fn add(
    transaction: &Transaction<'_>,
    provider: &str,
    account: &Account,
    request_id: &str,
) -> Result<User, Problem> {
    // Nobody logs in with it: there is no password. It must not be the name of somebody else.
    let digest = hex::encode(Sha256::digest(format!("{}\n{}", account.issuer, account.subject)));
    let name = format!("{provider}:{}", &digest[..32]);
    let display_name = if account.name.trim().is_empty() { name.clone() } else { account.name.clone() };
    let new = NewUser { name: &name, display_name: &display_name, password_hash: None, system_admin: false };
    let user = users::create(transaction, new).await.map_err(twice)?;
    let details = json!({ "name": name, "system_admin": false, "provider": provider });
    let entry = Entry { action: "user.create", site_id: "", object: &user.id, details };
    audit::record(transaction, &actor(&user, request_id), entry).await?;
    link(transaction, &user, account, "first sign-in", request_id).await.map_err(twice)?;
    Ok(user)
}

async fn link(
    transaction: &Transaction<'_>,
    user: &User,
    account: &Account,
    by: &str,
    request_id: &str,
) -> Result<(), DatabaseError> {
    identities::link(transaction, &user.id, &account.issuer, &account.subject).await?;
    let details = json!({ "issuer": account.issuer, "subject": account.subject, "by": by });
    let entry = Entry { action: "identity.link", site_id: "", object: &user.id, details };
    audit::record(transaction, &actor(user, request_id), entry).await
}

/// Another request links the same account at this moment.
fn twice(error: DatabaseError) -> Problem {
    if error.is_duplicate() {
        Problem::conflict(Code::SignedInTwice, "", "you sign in twice at the same time: begin again")
    } else {
        error.into()
    }
}

/// They do it themselves.
fn actor(user: &User, request_id: &str) -> Actor {
    Actor { user_id: user.id.clone(), request_id: request_id.to_owned(), ..Actor::default() }
}
