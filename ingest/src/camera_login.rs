//! What is known of a camera's log-in: its secrets, so that they can be masked, and whether the camera accepts it.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use parking_lot::Mutex;
use vru_proto::camera_url::CameraUrl;
use vru_runtime::cameras::{Login, References};

/// Secrets that are remembered: those before a rotation may still come back in an error.
const MAX_SECRETS: usize = 64;
/// A shorter secret is masked only where it stands alone. Otherwise `a` would mask most of a text.
const SHORT: usize = 4;

/// Shared by the connections of one camera.
#[derive(Debug, Default)]
pub struct CameraLogin {
    /// Resolves the camera's secrets.
    pub references: References,
    known: Mutex<Known>,
    accepted: AtomicBool,
}

#[derive(Default)]
struct Known {
    last: Option<Login>,
    secrets: Vec<String>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("last", &self.last).field("secrets", &self.secrets.len()).finish()
    }
}

impl CameraLogin {
    pub fn new(references: References) -> Self {
        Self { references, ..Self::default() }
    }

    /// Remembers what the next connection uses.
    pub fn learn(&self, login: Option<&Login>, url: &CameraUrl<'_>) {
        let mut known = self.known.lock();
        known.last = login.cloned();
        let mut secrets: Vec<String> =
            url.literal_secrets().into_iter().filter(|text| text.len() >= SHORT).map(str::to_owned).collect();
        if let Some(Login { username, password }) = login {
            let password = password.expose();
            let pair = format!("{username}:{password}");
            secrets.extend([password.to_owned(), STANDARD.encode(&pair), STANDARD_NO_PAD.encode(&pair)]);
        }
        secrets.retain(|secret| !known.secrets.contains(secret));
        known.secrets.extend(secrets);
        let excess = known.secrets.len().saturating_sub(MAX_SECRETS);
        known.secrets.drain(..excess);
    }

    /// The log-in of the last connection.
    pub fn last(&self) -> Option<Login> {
        self.known.lock().last.clone()
    }

    /// The camera has accepted the log-in.
    pub fn accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Whether the camera has accepted a log-in since the last call.
    pub fn take_accepted(&self) -> bool {
        self.accepted.swap(false, Ordering::Relaxed)
    }

    /// The text with `***` in place of each secret of this camera. Every text that comes from the camera or from an error of its connection
    /// passes through here before anybody can read it.
    pub fn mask(&self, text: &str) -> String {
        let known = self.known.lock();
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        'text: while let Some(letter) = text[at..].chars().next() {
            // The longest, because a secret may begin with another one.
            let longest = known.secrets.iter().filter_map(|secret| occurrence(text, at, secret)).max();
            if let Some(length) = longest {
                masked.push_str("***");
                at += length;
                continue 'text;
            }
            masked.push(letter);
            at += letter.len_utf8();
        }
        masked
    }
}

/// Length of the secret at this place of the text, in any mixture of plain, percent-encoded, form-encoded and escaped letters.
fn occurrence(text: &str, start: usize, secret: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    for wanted in secret.bytes() {
        let rest = &bytes[at..];
        let encoded = rest.get(1..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        at += match rest.first()? {
            b'%' if encoded == Some(wanted) => 3,
            b'+' if wanted == b' ' => 1,
            byte if *byte == wanted => 1,
            b'\\' if rest.get(1) == Some(&wanted) => 2,
            _ => return None,
        };
    }
    let alone = || {
        let word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        !word(text[..start].chars().next_back()) && !word(text.get(at..).and_then(|rest| rest.chars().next()))
    };
    (!secret.is_empty() && text.is_char_boundary(at) && (secret.len() >= SHORT || alone())).then_some(at - start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vru_runtime::secret::Secret;

    fn knows(password: &str) -> CameraLogin {
        let login = CameraLogin::default();
        let url = CameraUrl::parse("rtsp://h/user=admin&password=tlJwpbo6").unwrap();
        login.learn(Some(&Login { username: "viewer".to_owned(), password: Secret::new(password) }), &url);
        login
    }

    #[test]
    fn a_secret_is_masked_in_every_encoding() {
        let login = knows("gä h/\"1+");
        for text in [
            "cannot open gä h/\"1+!",
            "cannot open g%C3%A4%20h%2F%221%2B!",
            "cannot open g%c3%a4+h/%221%2b!",
            "cannot open gä h/\\\"1+!",
        ] {
            assert_eq!(login.mask(text), "cannot open ***!", "{text}");
        }
        let basic = STANDARD.encode("viewer:gä h/\"1+");
        assert_eq!(login.mask(&format!("Basic {basic}")), "Basic ***");
        assert_eq!(login.mask(&format!("Basic {}.", basic.trim_end_matches('='))), "Basic ***.");
        assert_eq!(login.mask("/user=admin&password=tlJwpbo6&x"), "/user=admin&password=***&x");
        assert_eq!(login.mask("nothing to hide 100% %C3 ä"), "nothing to hide 100% %C3 ä");
    }

    #[test]
    fn a_short_secret_is_masked_where_it_stands_alone() {
        let login = knows("12");
        assert_eq!(login.mask("pwd=12&x 0.0.0.12: port 8812"), "pwd=***&x 0.0.0.***: port 8812");
    }

    #[test]
    fn the_secret_before_a_rotation_is_masked_too() {
        let login = knows("old-secret");
        let url = CameraUrl::parse("rtsp://h/").unwrap();
        for number in 0..15 {
            login.learn(
                Some(&Login { username: "u".to_owned(), password: Secret::new(format!("secret-{number}")) }),
                &url,
            );
        }
        assert_eq!(login.mask("old-secret secret-0 secret-14"), "*** *** ***");
        assert!(!format!("{login:?}").contains("secret-14"));
    }
}
