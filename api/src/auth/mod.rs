//! Who asks: passwords, sessions, and how guessing is slowed.

mod admin;
mod attempts;
mod cookie;
mod passwords;
mod session;

pub use admin::{create_admin, read_password};
pub(crate) use attempts::Attempt;
pub(crate) use cookie::{clear_cookie, set_cookie};
pub(crate) use passwords::Passwords;
pub(crate) use session::{LoggedIn, Token};
