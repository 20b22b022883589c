//! HTTP digest authentication (RFC 7616, and RFC 2069 without `qop`) with MD5 and SHA-256.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use md5::Md5;
use rand::RngCore as _;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::source::credentials::Login;

/// Clients show it when they ask a person for the password.
pub(super) const REALM: &str = "vru";

/// Challenges of one connection. A nonce is valid only on the connection that it was sent on, and for a limited time.
#[derive(Debug)]
pub(super) struct Challenger {
    lifetime: Duration,
    nonce: Option<(String, Instant)>,
}

/// Result of checking an `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    /// The credentials are right but the nonce is too old. The client can answer a new challenge without asking its user.
    Stale,
    Denied,
}

impl Challenger {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, nonce: None }
    }

    /// The values of two `WWW-Authenticate` headers. MD5 comes last because ffmpeg uses the last one and supports only MD5.
    pub(super) fn challenge(&mut self, stale: bool) -> [String; 2] {
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        let nonce = hex::encode(random);
        self.nonce = Some((nonce.clone(), Instant::now()));
        let stale = if stale { ", stale=true" } else { "" };
        ["SHA-256", "MD5"].map(|name| format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm={name}{stale}"))
    }

    /// Checks the `Authorization` header of a request with this method and path.
    pub(super) fn check(&self, authorization: &str, method: &str, path: &str, login: &Login) -> Verdict {
        let Some(fields) = parse_fields(authorization) else { return Verdict::Denied };
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let Some((nonce, since)) = &self.nonce else { return Verdict::Denied };
        if !bool::from(equal(field("nonce"), nonce)) {
            return Verdict::Denied;
        }
        // A digest that was made for another path must not grant this one.
        let uri_path = url::Url::parse(field("uri")).map(|url| url.path().trim_matches('/').to_owned());
        if uri_path.as_deref().unwrap_or(field("uri").trim_matches('/')) != path {
            return Verdict::Denied;
        }
        let hash = match field("algorithm") {
            "" => hex_digest::<Md5>,
            name if name.eq_ignore_ascii_case("MD5") => hex_digest::<Md5>,
            name if name.eq_ignore_ascii_case("SHA-256") => hex_digest::<Sha256>,
            _ => return Verdict::Denied,
        };
        let secret = hash(&[&login.username, REALM, login.password.expose()]);
        let request = hash(&[method, field("uri")]);
        let expected = match field("qop") {
            "" => hash(&[&secret, nonce, &request]),
            qop => hash(&[&secret, nonce, field("nc"), field("cnonce"), qop, &request]),
        };
        // Always compare both, so that the time does not reveal which one is wrong.
        let valid = equal(field("username"), &login.username) & equal(&field("response").to_lowercase(), &expected);
        match bool::from(valid) {
            false => Verdict::Denied,
            true if since.elapsed() > self.lifetime => Verdict::Stale,
            true => Verdict::Granted,
        }
    }
}

fn hex_digest<D: Digest>(parts: &[&str]) -> String {
    hex::encode(D::digest(parts.join(":")))
}

/// Compares in a time that depends on the lengths only.
fn equal(one: &str, other: &str) -> Choice {
    one.as_bytes().ct_eq(other.as_bytes())
}

/// The fields of `Digest a="b", c=d`; `None` for another scheme or a syntax error.
fn parse_fields(header: &str) -> Option<HashMap<String, String>> {
    let (scheme, mut rest) = header.trim_start().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("digest") {
        return None;
    }
    let mut fields = HashMap::new();
    loop {
        rest = rest.trim_start_matches([' ', ',', '\t']);
        if rest.is_empty() || fields.len() > 20 {
            return Some(fields);
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        fields.insert(name.trim().to_lowercase(), value.trim().to_owned());
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vru_runtime::secret::Secret;

    fn login() -> Login {
        Login { username: "cam".to_owned(), password: Secret::new("geheim") }
    }

    fn answer(challenge: &str, password: &str, algorithm: &str, qop: bool) -> String {
        let nonce = parse_fields(challenge).unwrap()["nonce"].clone();
        let hash = if algorithm == "MD5" { hex_digest::<Md5> } else { hex_digest::<Sha256> };
        let uri = "rtsp://host:8554/door";
        let (one, two) = (hash(&["cam", REALM, password]), hash(&["ANNOUNCE", uri]));
        let (response, extra) = if qop {
            (hash(&[&one, &nonce, "00000001", "xyz", "auth", &two]), ", qop=auth, nc=00000001, cnonce=\"xyz\"")
        } else {
            (hash(&[&one, &nonce, &two]), "")
        };
        format!(
            "Digest username=\"cam\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
             algorithm={algorithm}{extra}"
        )
    }

    #[test]
    fn both_algorithms_are_accepted_with_and_without_qop() {
        for algorithm in ["MD5", "SHA-256"] {
            for qop in [false, true] {
                let mut challenger = Challenger::new(Duration::from_mins(1));
                let [challenge, _] = challenger.challenge(false);
                let header = answer(&challenge, "geheim", algorithm, qop);
                assert_eq!(challenger.check(&header, "ANNOUNCE", "door", &login()), Verdict::Granted, "{header}");
                assert_eq!(challenger.check(&header, "RECORD", "door", &login()), Verdict::Denied);
                assert_eq!(challenger.check(&header, "ANNOUNCE", "gate", &login()), Verdict::Denied);
            }
        }
    }

    #[test]
    fn wrong_passwords_and_nonces_of_other_connections_are_denied() {
        let mut challenger = Challenger::new(Duration::from_mins(1));
        let [challenge, _] = challenger.challenge(false);
        let check = |header: &str| challenger.check(header, "ANNOUNCE", "door", &login());
        assert_eq!(check(&answer(&challenge, "falsch", "MD5", false)), Verdict::Denied);
        let [foreign, _] = Challenger::new(Duration::from_mins(1)).challenge(false);
        assert_eq!(check(&answer(&foreign, "geheim", "MD5", false)), Verdict::Denied);
        for header in ["", "Basic Y2FtOmdlaGVpbQ==", "Digest", "Digest username=\"", "Digest =,=,", "Digest a=b=c,\"\""]
        {
            assert_eq!(check(header), Verdict::Denied, "{header}");
        }
    }

    #[test]
    fn a_digest_with_an_expired_nonce_is_stale() {
        let mut challenger = Challenger::new(Duration::ZERO);
        let [challenge, _] = challenger.challenge(false);
        let header = answer(&challenge, "geheim", "SHA-256", false);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(challenger.check(&header, "ANNOUNCE", "door", &login()), Verdict::Stale);
    }
}
