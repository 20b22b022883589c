//! Who asks (sessions, passwords, API keys), whether they may, and how guessing is slowed.

mod admin;
mod attempts;
mod caller;
mod cookie;
mod passwords;
mod permitted;
mod session;
mod token;

pub(crate) use admin::{add_first_admin, check_name};
pub use admin::{create_admin, read_password};
pub(crate) use attempts::Attempt;
pub(crate) use caller::{Caller, Sender, Who, identify};
pub(crate) use cookie::{clear_cookie, cookies_named};
#[cfg(feature = "fuzzing")]
pub(crate) use cookie::{session_tokens, set_cookie};
pub(crate) use passwords::Passwords;
pub(crate) use permitted::{Permitted, actions};
pub(crate) use session::begin_session;
pub(crate) use token::{Token, hash, is_same};
