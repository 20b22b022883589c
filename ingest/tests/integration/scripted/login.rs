//! The camera's log-in: challenges, and the check of answers. It shares no code with the client.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512_256};

/// Its quotes are escaped in a header.
const REALM: &str = "IP Camera(\"QZ7\")";

/// How many requests with a log-in were granted and refused.
#[derive(Debug, Default)]
pub struct LoginCounts {
    pub granted: AtomicU64,
    pub refused: AtomicU64,
}

/// What a camera offers in a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    Basic,
    /// A digest without `algorithm`.
    Oldest,
    /// A digest with this algorithm.
    Digest(&'static str),
    /// A digest with this algorithm and this `qop`.
    Protected(&'static str, &'static str),
    /// The challenge as it is sent.
    Text(&'static str),
}

/// Who may log in, and how.
#[derive(Debug, Clone)]
pub struct LoginScript {
    pub username: String,
    pub password: String,
    pub realm: String,
    pub offers: Vec<Offer>,
    /// All offers are in one header.
    pub one_header: bool,
    /// A nonce is good for so many requests.
    pub nonce_uses: u32,
    /// Says `stale=true` when only the nonce was wrong. Otherwise it says nothing.
    pub says_stale: bool,
}

impl LoginScript {
    pub fn new(username: &str, password: &str, offers: &[Offer]) -> Self {
        Self {
            username: username.to_owned(),
            password: password.to_owned(),
            realm: REALM.to_owned(),
            offers: offers.to_vec(),
            one_header: false,
            nonce_uses: u32::MAX,
            says_stale: true,
        }
    }
}

/// The nonce of a connection.
#[derive(Debug, Default)]
pub struct Gate {
    number: u64,
    uses: u32,
}

impl Gate {
    pub fn new(connection: u64) -> Self {
        Self { number: connection << 32, uses: 0 }
    }

    /// None: the request may pass. Otherwise the headers of a 401.
    pub fn check(&mut self, script: &LoginScript, counts: &LoginCounts, request: &str) -> Option<String> {
        let header = request.lines().find_map(|line| line.strip_prefix("Authorization: "));
        let right = header.is_some_and(|header| is_right(script, header, request));
        let fresh = header.is_some_and(|header| header.starts_with("Basic ") || header.contains(&self.nonce()));
        if right && fresh && self.uses < script.nonce_uses {
            self.uses += 1;
            counts.granted.fetch_add(1, Ordering::SeqCst);
            return None;
        }
        if header.is_some() && !right {
            counts.refused.fetch_add(1, Ordering::SeqCst);
        }
        (self.number, self.uses) = (self.number + 1, 0);
        let stale = right && script.says_stale;
        let challenges: Vec<String> = script.offers.iter().map(|offer| self.challenge(*offer, stale)).collect();
        if script.one_header {
            return Some(format!("WWW-Authenticate: {}\r\n", challenges.join(", ")));
        }
        Some(challenges.iter().flat_map(|challenge| ["WWW-Authenticate: ", challenge, "\r\n"]).collect())
    }

    fn nonce(&self) -> String {
        format!("n{:x}==", self.number)
    }

    fn challenge(&self, offer: Offer, stale: bool) -> String {
        let more = match offer {
            Offer::Basic => return format!("Basic realm={REALM:?}"),
            Offer::Text(text) => return text.to_owned(),
            Offer::Oldest => String::new(),
            Offer::Digest(algorithm) => format!(", algorithm={algorithm}"),
            Offer::Protected(algorithm, qop) => format!(", algorithm=\"{algorithm}\", qop=\"{qop}\", opaque=\"o,p\""),
        };
        let stale = if stale { ", stale=TRUE" } else { "" };
        format!("Digest realm={REALM:?}, nonce=\"{}\"{more}{stale}", self.nonce())
    }
}

/// Whether user name and password are right, by a method that the camera offers.
pub fn is_right(script: &LoginScript, header: &str, request: &str) -> bool {
    if let Some(encoded) = header.strip_prefix("Basic ") {
        let pair = format!("{}:{}", script.username, script.password);
        let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
        return script.offers.contains(&Offer::Basic) && decoded == pair.as_bytes();
    }
    let fields = fields(header);
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let algorithm = field("algorithm");
    let offered = script.offers.iter().any(|offer| match offer {
        Offer::Oldest => algorithm.is_empty(),
        Offer::Digest(name) | Offer::Protected(name, _) => *name == algorithm,
        Offer::Basic | Offer::Text(_) => false,
    });
    let hash = |text: String| -> String {
        if algorithm.starts_with("SHA-256") {
            hex::encode(Sha256::digest(text))
        } else if algorithm.starts_with("SHA-512-256") {
            hex::encode(Sha512_256::digest(text))
        } else {
            hex::encode(Md5::digest(text))
        }
    };
    let realm = &script.realm;
    let (nonce, cnonce) = (field("nonce"), field("cnonce"));
    let mut one = hash(format!("{}:{realm}:{}", script.username, script.password));
    if algorithm.ends_with("-sess") {
        one = hash(format!("{one}:{nonce}:{cnonce}"));
    }
    let line: Vec<&str> = request.lines().next().unwrap_or_default().split(' ').collect();
    let (method, uri) = (line[0], line[1]);
    let two = match field("qop") {
        "auth-int" => hash(format!("{method}:{uri}:{}", hash(String::new()))),
        _ => hash(format!("{method}:{uri}")),
    };
    let response = match field("qop") {
        "" => hash(format!("{one}:{nonce}:{two}")),
        qop => hash(format!("{one}:{nonce}:{}:{cnonce}:{qop}:{two}", field("nc"))),
    };
    offered && field("uri") == uri && field("realm") == realm.as_str() && field("response") == response
}

/// The fields of a digest, without the escapes of their values.
pub fn fields(header: &str) -> HashMap<String, String> {
    let mut fields = HashMap::new();
    let mut rest = header.strip_prefix("Digest ").unwrap_or_default();
    while let Some((name, after)) = rest.split_once('=') {
        let (mut value, mut quoted, mut end) = (String::new(), false, after.len());
        let mut letters = after.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => quoted = !quoted,
                '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
                ',' if !quoted => {
                    end = at + 1;
                    break;
                }
                letter => value.push(letter),
            }
        }
        fields.insert(name.trim().to_owned(), value);
        rest = &after[end..];
    }
    fields
}
