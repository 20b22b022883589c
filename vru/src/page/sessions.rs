//! Who is logged in.

use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_runtime::secret::Secret;

/// How long a log-in lasts.
pub(super) const LIFETIME: Duration = Duration::from_hours(12);
/// Log-ins at the same time. One more ends the oldest.
const MAX_SESSIONS: usize = 64;
/// How long a wrong token is answered after. An address has one attempt at a time: so it can try one token a second.
const WRONG_TOKEN_DELAY: Duration = Duration::from_secs(1);
/// Addresses that try at the same time.
const MAX_ATTEMPTS: usize = 256;

/// One log-in. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    id: String,
    expires: Instant,
    /// Cancelled by a log-out, and when a newer log-in takes its place.
    ended: CancellationToken,
}

/// The log-ins of a page.
#[derive(Debug)]
pub(super) struct Sessions {
    token: Secret,
    open: Mutex<VecDeque<Session>>,
    attempts: Arc<Mutex<HashSet<IpAddr>>>,
}

/// Why a log-in is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    WrongToken,
    /// Another attempt of this address is not answered yet, or too many addresses try.
    TooManyAttempts,
}

impl Session {
    /// The value of the cookie.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Waits until the log-in has ended.
    pub(super) async fn ended(self) {
        tokio::select! {
            () = self.ended.cancelled() => {}
            () = tokio::time::sleep_until(self.expires) => {}
        }
    }
}

impl Sessions {
    pub(super) fn new(token: Secret) -> Self {
        Self { token, open: Mutex::default(), attempts: Arc::default() }
    }

    /// Logs in with a token. A wrong one is answered late.
    pub(super) async fn log_in(&self, token: &str, peer: IpAddr) -> Result<Session, Refused> {
        let attempt = self.attempt(peer).ok_or(Refused::TooManyAttempts)?;
        if !same(token, self.token.expose()) {
            tracing::warn!(%peer, "log-in to the page refused: wrong token");
            tokio::time::sleep(WRONG_TOKEN_DELAY).await;
            drop(attempt);
            return Err(Refused::WrongToken);
        }
        let session = Session { id: random_id(), expires: Instant::now() + LIFETIME, ended: CancellationToken::new() };
        let mut open = self.open.lock();
        open.push_back(session.clone());
        if open.len() > MAX_SESSIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.ended.cancel();
        }
        Ok(session)
    }

    /// The log-in with this id.
    pub(super) fn find(&self, id: &str) -> Option<Session> {
        let mut open = self.open.lock();
        open.retain(|session| session.expires > Instant::now());
        open.iter().find(|session| same(&session.id, id)).cloned()
    }

    pub(super) fn log_out(&self, session: &Session) {
        session.ended.cancel();
        self.open.lock().retain(|open| !open.ended.is_cancelled());
    }

    fn attempt(&self, peer: IpAddr) -> Option<Attempt> {
        let mut attempts = self.attempts.lock();
        let may_try = attempts.len() < MAX_ATTEMPTS && attempts.insert(peer);
        may_try.then(|| Attempt { peer, attempts: self.attempts.clone() })
    }
}

/// A log-in that is not answered yet.
struct Attempt {
    peer: IpAddr,
    attempts: Arc<Mutex<HashSet<IpAddr>>>,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.attempts.lock().remove(&self.peer);
    }
}

/// Compares in a time that depends on neither text: the hashes have one length.
fn same(left: &str, right: &str) -> bool {
    Sha256::digest(left).ct_eq(&Sha256::digest(right)).into()
}

fn random_id() -> String {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).expect("the system gives random bytes");
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";
    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn sessions() -> Sessions {
        Sessions::new(Secret::new(TOKEN))
    }

    #[tokio::test]
    async fn a_session_lasts_until_its_log_out() {
        let sessions = sessions();
        let (first, second) =
            (sessions.log_in(TOKEN, PEER).await.unwrap(), sessions.log_in(TOKEN, PEER).await.unwrap());
        assert_ne!(first.id(), second.id());
        assert!(sessions.find(first.id()).is_some() && sessions.find("").is_none());
        sessions.log_out(&first);
        first.clone().ended().await;
        assert!(sessions.find(first.id()).is_none() && sessions.find(second.id()).is_some());
    }

    #[tokio::test]
    async fn the_oldest_session_makes_room_for_a_new_one() {
        let sessions = sessions();
        let first = sessions.log_in(TOKEN, PEER).await.unwrap();
        for _ in 0..MAX_SESSIONS {
            sessions.log_in(TOKEN, PEER).await.unwrap();
        }
        assert!(sessions.find(first.id()).is_none());
        first.ended().await;
    }

    #[tokio::test]
    async fn an_address_has_one_wrong_attempt_at_a_time_and_delays_no_other() {
        let sessions = Arc::new(sessions());
        let wrong = tokio::spawn({
            let sessions = sessions.clone();
            let started = Instant::now();
            async move { (sessions.log_in("0123456789abcdeF", PEER).await.unwrap_err(), started.elapsed()) }
        });
        while sessions.attempts.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(sessions.log_in(TOKEN, PEER).await.unwrap_err(), Refused::TooManyAttempts);
        assert!(sessions.log_in(TOKEN, "10.0.0.1".parse().unwrap()).await.is_ok());
        let (refused, took) = wrong.await.unwrap();
        assert_eq!(refused, Refused::WrongToken);
        assert!(took >= WRONG_TOKEN_DELAY);
        assert!(sessions.log_in(TOKEN, PEER).await.is_ok());
        for token in ["", "0123456789abcde", "0123456789abcdef0"] {
            assert_eq!(sessions.log_in(token, PEER).await.unwrap_err(), Refused::WrongToken, "{token}");
        }
    }
}
