//! HTTP digest authentication (RFC 7616, and RFC 2069 without `qop`) with SHA-256 and MD5.

use std::time::{Duration, Instant};

use md5::Md5;
use rand::RngCore as _;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use vru_runtime::cameras::Login;

use super::authorization::Fields;
use super::path;

/// Clients show it when they ask a person for the password.
pub(super) const REALM: &str = "vru";

/// The challenge of one connection. A nonce is valid on the connection that it was sent on, for a limited time, and for one check,
/// so an answer that somebody else has seen is worth nothing.
#[derive(Debug)]
pub(super) struct Challenger {
    lifetime: Duration,
    nonce: Option<(String, Instant)>,
}

/// Result of checking an `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    /// The nonce is too old, was used, or is not from this connection, and the credentials were not checked. The client can answer a
    /// new challenge without asking its user.
    Stale,
    Denied,
}

impl Challenger {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, nonce: None }
    }

    /// The values of two `WWW-Authenticate` headers. RFC 7616 wants the preferred one first; ffmpeg uses the last one and supports
    /// only MD5.
    pub(super) fn challenge(&mut self, stale: bool) -> [String; 2] {
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        let nonce = hex::encode(random);
        self.nonce = Some((nonce.clone(), Instant::now()));
        let stale = if stale { ", stale=true" } else { "" };
        ["SHA-256", "MD5"]
            .map(|name| format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}"))
    }

    /// Checks the `Authorization` header of a request with this method and decoded path.
    pub(super) fn check(&mut self, authorization: &str, method: &str, path: &str, login: &Login) -> Verdict {
        let Some(fields) = Fields::parse(authorization) else { return Verdict::Denied };
        let field = |name: &str| fields.get(name);
        let Some((nonce, since)) = self.nonce.take() else { return Verdict::Stale };
        if since.elapsed() > self.lifetime || !bool::from(equal(field("nonce"), &nonce)) {
            return Verdict::Stale;
        }
        let hash = match field("algorithm") {
            "" => hex_digest::<Md5>,
            name if name.eq_ignore_ascii_case("MD5") => hex_digest::<Md5>,
            name if name.eq_ignore_ascii_case("SHA-256") => hex_digest::<Sha256>,
            _ => return Verdict::Denied,
        };
        // A digest that was made for another path must not grant this one.
        if field("realm") != REALM || digest_path(field("uri")).as_deref() != Some(path) {
            return Verdict::Denied;
        }
        let secret = hash(&[&login.username, REALM, login.password.expose()]);
        let request = hash(&[method, field("uri")]);
        let expected = match field("qop") {
            // Clients that know only RFC 2069, such as rtspclientsink.
            "" => hash(&[&secret, &nonce, &request]),
            "auth" if is_count(field("nc")) && !field("cnonce").is_empty() => {
                hash(&[&secret, &nonce, field("nc"), field("cnonce"), "auth", &request])
            }
            _ => return Verdict::Denied,
        };
        // Always compare both, so that the time does not reveal which one is wrong.
        let valid =
            equal(field("username"), &login.username) & equal(&field("response").to_ascii_lowercase(), &expected);
        if bool::from(valid) { Verdict::Granted } else { Verdict::Denied }
    }
}

fn hex_digest<D: Digest>(parts: &[&str]) -> String {
    hex::encode(D::digest(parts.join(":")))
}

/// Compares in a time that depends on the lengths only.
fn equal(one: &str, other: &str) -> Choice {
    one.as_bytes().ct_eq(other.as_bytes())
}

/// The decoded path of a digest's `uri`, which is a whole URL or only its path.
fn digest_path(uri: &str) -> Option<String> {
    match url::Url::parse(uri) {
        Ok(url) => path::decode(url.path()).ok(),
        Err(_) => path::decode(uri.split('?').next().unwrap_or_default()).ok(),
    }
}

/// Whether this is a nonce count: eight hexadecimal digits, the first is 1.
fn is_count(text: &str) -> bool {
    text.len() == 8 && u32::from_str_radix(text, 16).is_ok_and(|count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vru_runtime::secret::Secret;

    fn login() -> Login {
        Login { username: "cam".to_owned(), password: Secret::new("geheim") }
    }

    fn challenger() -> (Challenger, String) {
        let mut challenger = Challenger::new(Duration::from_mins(1));
        let [sha256, _] = challenger.challenge(false);
        (challenger, sha256)
    }

    fn answer(challenge: &str, password: &str, algorithm: &str, qop: &str) -> String {
        let nonce = Fields::parse(challenge).unwrap().get("nonce").to_owned();
        let hash = if algorithm == "MD5" { hex_digest::<Md5> } else { hex_digest::<Sha256> };
        let uri = "rtsp://host:8554/door";
        let (one, two) = (hash(&["cam", REALM, password]), hash(&["ANNOUNCE", uri]));
        let (response, extra) = if qop.is_empty() {
            (hash(&[&one, &nonce, &two]), String::new())
        } else {
            let extra = format!(", qop={qop}, nc=00000001, cnonce=\"xyz\"");
            (hash(&[&one, &nonce, "00000001", "xyz", qop, &two]), extra)
        };
        format!(
            "Digest username=\"cam\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
             algorithm={algorithm}{extra}"
        )
    }

    #[test]
    fn both_algorithms_are_accepted_with_and_without_qop() {
        for algorithm in ["MD5", "SHA-256"] {
            for qop in ["", "auth"] {
                for (method, path, expected) in [
                    ("ANNOUNCE", "door", Verdict::Granted),
                    ("RECORD", "door", Verdict::Denied),
                    ("ANNOUNCE", "gate", Verdict::Denied),
                ] {
                    let (mut challenger, challenge) = challenger();
                    let header = answer(&challenge, "geheim", algorithm, qop);
                    assert_eq!(challenger.check(&header, method, path, &login()), expected, "{method} {path} {header}");
                }
            }
        }
    }

    #[test]
    fn wrong_passwords_and_malformed_answers_are_denied() {
        for header in [
            |challenge: &str| answer(challenge, "falsch", "MD5", ""),
            |challenge: &str| answer(challenge, "geheim", "SHA-256", "auth-int"),
            |challenge: &str| answer(challenge, "geheim", "MD5", "").replace("realm=\"vru\"", "realm=\"x\""),
            |challenge: &str| answer(challenge, "geheim", "MD5", "").replace("algorithm=MD5", "algorithm=SHA-512"),
            |challenge: &str| answer(challenge, "geheim", "MD5", "auth").replace("nc=00000001", "nc=1"),
            |challenge: &str| answer(challenge, "geheim", "MD5", "auth").replace("cnonce=\"xyz\"", "cnonce=\"\""),
            |_: &str| "Basic Y2FtOmdlaGVpbQ==".to_owned(),
            |_: &str| "Digest".to_owned(),
        ] {
            let (mut challenger, challenge) = challenger();
            let header = header(&challenge);
            assert_eq!(challenger.check(&header, "ANNOUNCE", "door", &login()), Verdict::Denied, "{header}");
        }
    }

    #[test]
    fn an_answer_cannot_be_replayed() {
        let (mut challenger, challenge) = challenger();
        let header = answer(&challenge, "geheim", "SHA-256", "auth");
        let check = |challenger: &mut Challenger| challenger.check(&header, "ANNOUNCE", "door", &login());
        assert_eq!(check(&mut challenger), Verdict::Granted);
        assert_eq!(check(&mut challenger), Verdict::Stale, "on the same connection");
        challenger.challenge(false);
        assert_eq!(check(&mut challenger), Verdict::Stale, "after another challenge");
        let mut other = Challenger::new(Duration::from_mins(1));
        assert_eq!(check(&mut other), Verdict::Stale, "on another connection");
        other.challenge(false);
        assert_eq!(check(&mut other), Verdict::Stale, "on another connection, after its challenge");
    }

    #[test]
    fn an_answer_to_an_expired_challenge_is_stale() {
        let mut challenger = Challenger::new(Duration::ZERO);
        let [challenge, _] = challenger.challenge(false);
        let header = answer(&challenge, "geheim", "SHA-256", "");
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(challenger.check(&header, "ANNOUNCE", "door", &login()), Verdict::Stale);
        assert!(challenger.challenge(true).iter().all(|header| header.ends_with(", stale=true")));
    }
}
