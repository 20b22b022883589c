//! Reads `WWW-Authenticate` headers and chooses how to log in.

/// Longest header that is read, and bounds of what is kept of it.
const MAX_HEADER: usize = 8 * 1024;
const MAX_CHALLENGES: usize = 16;
const MAX_PARAMETERS: usize = 32;

/// A way to log in that a camera offers and that we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Method {
    Basic,
    Digest(Digest),
}

/// A challenge of HTTP digest authentication (RFC 7616, RFC 2617, and RFC 2069 without `qop`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) algorithm: Algorithm,
    /// The algorithm as the camera writes it; `None` if the challenge names none.
    pub(super) algorithm_name: Option<String>,
    /// `…-sess`: the nonces are part of the hash of the password.
    pub(super) session: bool,
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    pub(super) qop: Option<Qop>,
    /// The user name is hashed too.
    pub(super) userhash: bool,
    /// The log-in was right, only its nonce was too old.
    pub(super) stale: bool,
}

/// From weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Algorithm {
    Md5,
    Sha512_256,
    Sha256,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qop {
    Auth,
    AuthInt,
}

/// What the headers of one response offer.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// The strongest that we know.
    pub(super) method: Option<Method>,
    /// All, for an error: `Digest SHA-512, Negotiate`.
    pub(super) names: String,
}

/// Reads all `WWW-Authenticate` headers of a response.
pub(super) fn offer<'a>(headers: impl Iterator<Item = &'a str>) -> Offer {
    let mut offer = Offer::default();
    let mut best = None;
    for challenge in headers.take(MAX_CHALLENGES).flat_map(challenges) {
        let strength = match challenge.method() {
            Some(Method::Digest(digest)) => 1 + digest.algorithm as u8,
            _ => 0,
        };
        if let Some(method) = challenge.method()
            && best.is_none_or(|best| strength > best)
        {
            best = Some(strength);
            offer.method = Some(method);
        }
        if !offer.names.is_empty() {
            offer.names.push_str(", ");
        }
        offer.names.push_str(&challenge.name());
    }
    offer
}

#[derive(Debug, Default)]
struct Challenge {
    scheme: String,
    /// Names in lower case.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    fn is_true(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// `None` for what we do not know.
    fn method(&self) -> Option<Method> {
        if self.scheme.eq_ignore_ascii_case("basic") {
            return Some(Method::Basic);
        }
        if !self.scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let algorithm_name = self.parameter("algorithm").filter(|name| !name.is_empty());
        let name = algorithm_name.unwrap_or("MD5").to_ascii_uppercase();
        let (hash, session) = name.strip_suffix("-SESS").map_or((name.as_str(), false), |hash| (hash, true));
        let algorithm = match hash {
            "MD5" => Algorithm::Md5,
            "SHA-256" | "SHA256" => Algorithm::Sha256,
            "SHA-512-256" => Algorithm::Sha512_256,
            _ => return None,
        };
        let mut qops = self.parameter("qop").unwrap_or_default().split([',', ' ']).filter(|qop| !qop.is_empty());
        let qop = match (qops.clone().next(), qops.any(|qop| qop.eq_ignore_ascii_case("auth"))) {
            (None, _) => None,
            (Some(_), true) => Some(Qop::Auth),
            (Some(qop), false) if qop.eq_ignore_ascii_case("auth-int") => Some(Qop::AuthInt),
            (Some(_), false) => return None,
        };
        let own = |name: &str| self.parameter(name).map(str::to_owned);
        Some(Method::Digest(Digest {
            algorithm,
            algorithm_name: algorithm_name.map(str::to_owned),
            session,
            realm: own("realm").unwrap_or_default(),
            nonce: own("nonce").filter(|nonce| !nonce.is_empty())?,
            opaque: own("opaque"),
            qop,
            userhash: self.is_true("userhash"),
            stale: self.is_true("stale"),
        }))
    }

    /// For errors. The camera chooses the text, so it is limited.
    fn name(&self) -> String {
        let word = |text: &str| -> String {
            text.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(24).collect()
        };
        let detail = |name: &str| self.parameter(name).map(word).filter(|word| !word.is_empty());
        let mut name = word(&self.scheme);
        if let Some(algorithm) = detail("algorithm") {
            name = format!("{name} {algorithm}");
        }
        match detail("qop") {
            Some(qop) if self.method().is_none() => format!("{name} qop={qop}"),
            _ => name,
        }
    }
}

/// The challenges of one header. Several may share a header, and cameras forget quotes and commas, so a word is the name of a scheme
/// unless a `=` follows it.
fn challenges(header: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = header.get(..MAX_HEADER).unwrap_or(header);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',', ';']);
        let word = &rest[..rest.find([' ', '\t', ',', ';', '=']).unwrap_or(rest.len())];
        rest = rest[word.len()..].trim_start_matches([' ', '\t']);
        if let Some(value) = rest.strip_prefix('=') {
            let (value, after) = parameter_value(value.trim_start_matches([' ', '\t']));
            rest = after;
            if let Some(challenge) = found.last_mut().filter(|challenge| challenge.parameters.len() < MAX_PARAMETERS) {
                challenge.parameters.push((word.to_ascii_lowercase(), value));
            }
        } else if word.is_empty() || found.len() == MAX_CHALLENGES {
            return found;
        } else {
            found.push(Challenge { scheme: word.to_owned(), parameters: Vec::new() });
        }
    }
}

/// Takes the value of a parameter, with or without quotes, from the start of the text.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let value = &text[..text.find([',', ';']).unwrap_or(text.len())];
        let length = value.match_indices([' ', '\t']).map(|(at, _)| at).find(|at| begins_parameter(&value[*at..]));
        let (value, rest) = text.split_at(length.unwrap_or(value.len()));
        return (value.trim_end().to_owned(), rest);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter => value.push(letter),
        }
    }
    (value, "")
}

/// A comma was forgotten: a name and a `=` follow.
fn begins_parameter(text: &str) -> bool {
    let name = text.trim_start_matches([' ', '\t']).split_once('=').map(|(name, _)| name.trim_end());
    name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(header: &str) -> Digest {
        match offer([header].into_iter()).method {
            Some(Method::Digest(digest)) => digest,
            other => panic!("{header}: {other:?}"),
        }
    }

    #[test]
    fn headers_of_cameras_are_read() {
        let plain = digest("Digest realm=\"IP Camera(QZ7)\", nonce=\"4a=\", stale=\"FALSE\"");
        assert_eq!((plain.realm.as_str(), plain.nonce.as_str()), ("IP Camera(QZ7)", "4a="));
        assert_eq!((plain.algorithm, plain.qop, plain.stale), (Algorithm::Md5, None, false));
        let full = digest(
            "digest  REALM = \"a\\\"b, c\",nonce=x y , opaque=\"\", algorithm=\"sha-256-SESS\", qop=\"auth-int, auth\" stale=true \
             userhash=true",
        );
        assert_eq!((full.realm.as_str(), full.nonce.as_str(), full.opaque.as_deref()), ("a\"b, c", "x y", Some("")));
        assert_eq!((full.algorithm, full.session, full.qop), (Algorithm::Sha256, true, Some(Qop::Auth)));
        assert!(full.stale && full.algorithm_name.as_deref() == Some("sha-256-SESS"));
        assert_eq!(digest("Digest nonce=\"unterminated").nonce, "unterminated");
        assert_eq!(digest("Digest nonce=a, qop=auth-int").qop, Some(Qop::AuthInt));
    }

    #[test]
    fn the_strongest_known_method_is_chosen_from_any_order_and_number_of_headers() {
        let md5 = "Digest realm=\"r\", nonce=\"1\", algorithm=MD5";
        let sha256 = "Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256";
        let basic = "Basic realm=\"r\"";
        let unknown = "Digest realm=\"r\", nonce=\"3\", algorithm=SHA-1";
        let chosen = |headers: &[&str]| match offer(headers.iter().copied()).method {
            Some(Method::Digest(digest)) => digest.nonce,
            Some(Method::Basic) => "basic".to_owned(),
            None => "none".to_owned(),
        };
        assert_eq!(chosen(&[md5, sha256, basic]), "2");
        assert_eq!(chosen(&[sha256, md5]), "2");
        assert_eq!(chosen(&[&format!("{basic}, {md5}, {sha256}, {unknown}")]), "2");
        assert_eq!(chosen(&[&format!("{basic}, {md5}")]), "1");
        assert_eq!(chosen(&[basic, unknown]), "basic");
        assert_eq!(chosen(&[unknown, "Negotiate", "Digest realm=\"without a nonce\""]), "none");
        assert_eq!(offer([unknown, "Negotiate"].into_iter()).names, "Digest SHA-1, Negotiate");
    }

    #[test]
    fn hostile_headers_are_bounded() {
        for header in
            ["", ",,,", "=", "==\"", "Digest", "Digest =,\"=", &"a ".repeat(9_000), &"Digest a=b,".repeat(900), "\\\""]
        {
            let offer = offer([header].into_iter());
            assert!(offer.names.len() < 1_000, "{header}");
        }
    }
}
