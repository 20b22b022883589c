//! Answers a camera's challenge: the `Authorization` header of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use rand::RngCore as _;
use sha2::digest::Digest as _;
use sha2::{Sha256, Sha512_256};
use vru_runtime::cameras::Login;

use super::challenge::{Algorithm, Digest, Method, Qop};

/// A challenge that is being answered.
#[derive(Debug)]
pub(super) struct Answers {
    method: Method,
    client_nonce: String,
    /// Requests that were answered with this nonce.
    count: u32,
}

impl Answers {
    pub(super) fn new(method: Method) -> Self {
        let mut random = [0; 8];
        rand::rng().fill_bytes(&mut random);
        Self { method, client_nonce: hex::encode(random), count: 0 }
    }

    pub(super) fn nonce(&self) -> Option<&str> {
        match &self.method {
            Method::Basic => None,
            Method::Digest(digest) => Some(&digest.nonce),
        }
    }

    /// The header's value for a request.
    pub(super) fn authorization(&mut self, login: &Login, method: &str, uri: &str, body: &[u8]) -> String {
        match &self.method {
            Method::Basic => {
                format!("Basic {}", STANDARD.encode(format!("{}:{}", login.username, login.password.expose())))
            }
            Method::Digest(digest) => {
                self.count += 1;
                digest_header(digest, login, method, uri, body, &self.client_nonce, self.count)
            }
        }
    }
}

fn digest_header(
    digest: &Digest,
    login: &Login,
    method: &str,
    uri: &str,
    body: &[u8],
    client_nonce: &str,
    count: u32,
) -> String {
    let hash = |parts: &[&str]| hashed(digest.algorithm, parts.join(":").as_bytes());
    let count = format!("{count:08x}");
    let mut secret = hash(&[&login.username, &digest.realm, login.password.expose()]);
    if digest.session {
        secret = hash(&[&secret, &digest.nonce, client_nonce]);
    }
    let request = match digest.qop {
        Some(Qop::AuthInt) => hash(&[method, uri, &hashed(digest.algorithm, body)]),
        Some(Qop::Auth) | None => hash(&[method, uri]),
    };
    let qop = digest.qop.map(|qop| if qop == Qop::Auth { "auth" } else { "auth-int" });
    let response = match qop {
        Some(qop) => hash(&[&secret, &digest.nonce, &count, client_nonce, qop, &request]),
        None => hash(&[&secret, &digest.nonce, &request]),
    };
    let username = if digest.userhash { hash(&[&login.username, &digest.realm]) } else { login.username.clone() };
    let mut header = format!(
        "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
        quoted(&username),
        quoted(&digest.realm),
        quoted(&digest.nonce),
        quoted(uri)
    );
    let mut add = |text: String| header.push_str(&text);
    if let Some(name) = &digest.algorithm_name {
        add(format!(", algorithm={}", name.replace([',', '"', ' '], "")));
    }
    if let Some(opaque) = &digest.opaque {
        add(format!(", opaque={}", quoted(opaque)));
    }
    if let Some(qop) = qop {
        add(format!(", qop={qop}, nc={count}, cnonce=\"{client_nonce}\""));
    } else if digest.session {
        add(format!(", cnonce=\"{client_nonce}\""));
    }
    if digest.userhash {
        add(", userhash=true".to_owned());
    }
    header
}

fn hashed(algorithm: Algorithm, bytes: &[u8]) -> String {
    match algorithm {
        Algorithm::Md5 => hex::encode(Md5::digest(bytes)),
        Algorithm::Sha256 => hex::encode(Sha256::digest(bytes)),
        Algorithm::Sha512_256 => hex::encode(Sha512_256::digest(bytes)),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::super::challenge::offer;
    use super::*;
    use vru_runtime::secret::Secret;

    fn header(challenge: &str, username: &str, password: &str, body: &[u8]) -> String {
        let login = Login { username: username.to_owned(), password: Secret::new(password) };
        let method = offer([challenge].into_iter()).method.unwrap();
        let mut answers = Answers { client_nonce: CLIENT_NONCE.to_owned(), ..Answers::new(method) };
        answers.authorization(&login, "GET", "/dir/index.html", body)
    }

    const CLIENT_NONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    /// The examples of RFC 7616, section 3.9.1.
    #[test]
    fn the_examples_of_the_standard() {
        let challenge = |algorithm: &str| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let header = header(&challenge(algorithm), "Mufasa", "Circle of Life", b"");
            assert!(header.contains(&format!("response=\"{response}\"")), "{header}");
            assert!(header.contains(&format!("algorithm={algorithm}, opaque=\"FQhe")), "{header}");
            assert!(header.contains("qop=auth, nc=00000001, cnonce=\"f2/"), "{header}");
        }
    }

    #[test]
    fn basic_and_the_oldest_form_of_digest() {
        assert_eq!(header("Basic realm=\"x\"", "Aladdin", "open sesame", b""), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let header = header("Digest realm=\"a \\\"b\\\"\", nonce=\"n\"", "q\"u", "p", b"");
        let (one, two) = (Md5::digest("q\"u:a \"b\":p"), Md5::digest("GET:/dir/index.html"));
        let response = hex::encode(Md5::digest(format!("{}:n:{}", hex::encode(one), hex::encode(two))));
        let wanted = "Digest username=\"q\\\"u\", realm=\"a \\\"b\\\"\", nonce=\"n\", uri=\"/dir/index.html\"";
        assert_eq!(header, format!("{wanted}, response=\"{response}\""));
    }
}
