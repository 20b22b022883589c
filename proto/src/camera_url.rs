//! The URL of a pulled camera: `rtsp://HOST[:PORT]/…` or `rtsps://…`, with places for the user name and password.

use std::fmt::Write as _;

/// Where the URL of a recorder that wants its log-in in the path or query holds them.
const USERNAME: &str = "{username}";
const PASSWORD: &str = "{password}";
/// A name of a parameter that contains one of these has a value that is not shown.
const SECRET_NAMES: [&str; 9] = ["pass", "pwd", "psw", "secret", "token", "key", "auth", "cred", "sig"];
const USER_NAMES: [&str; 3] = ["user", "usr", "login"];
/// Separate the parameters of a URL.
const SEPARATORS: [char; 6] = ['&', ';', '?', '/', ',', '#'];

/// A valid URL, as configured: with placeholders.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CameraUrl<'a> {
    /// `rtsps://`.
    pub tls: bool,
    /// Without the brackets of an IPv6 address.
    pub host: &'a str,
    /// 554, or 322 with TLS, when the URL has none.
    pub port: u16,
    text: &'a str,
    /// What follows the authority.
    path: &'a str,
}

impl<'a> CameraUrl<'a> {
    /// The error continues the name of the field, and does not contain the URL.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
            return Err("contains a space or a control character: encode it as %20 or the like");
        }
        let (tls, rest) = match (text.strip_prefix("rtsp://"), text.strip_prefix("rtsps://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err("does not start with rtsp:// or rtsps://"),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // URLs appear in logs and pages. Passwords belong in `credentials`, which do not.
        if authority.contains('@') {
            return Err("contains a user or password: use `credentials` instead");
        }
        let (host, port) = host_and_port(authority, if tls { 322 } else { 554 })?;
        let unknown = path.replace(USERNAME, "").replace(PASSWORD, "");
        if unknown.contains(['{', '}']) || authority.contains(['{', '}']) {
            return Err("contains a placeholder that is not {username} or {password} in its path or query");
        }
        Ok(Self { tls, host, port, text, path })
    }

    /// The path or query has a placeholder, so that the camera needs credentials.
    pub fn needs_login(&self) -> bool {
        self.path.contains(USERNAME) || self.path.contains(PASSWORD)
    }

    /// The URL to send to the camera: the placeholders are replaced, percent-encoded.
    pub fn with_login(&self, username: &str, password: &str) -> String {
        let origin = &self.text[..self.text.len() - self.path.len()];
        // One pass, because a user name may look like a placeholder.
        let mut url = origin.to_owned();
        let mut rest = self.path;
        while let Some(at) = rest.find('{') {
            url.push_str(&rest[..at]);
            let (value, placeholder) =
                if rest[at..].starts_with(USERNAME) { (username, USERNAME) } else { (password, PASSWORD) };
            url.push_str(&percent_encode(value));
            rest = &rest[at + placeholder.len()..];
        }
        url.push_str(rest);
        url
    }

    /// For logs, errors and pages: values that look like a log-in are `***`.
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        let mut end = 0;
        for (from, to, _) in literal_values(self.text) {
            shown.push_str(&self.text[end..from]);
            shown.push_str("***");
            end = to;
        }
        shown.push_str(&self.text[end..]);
        shown
    }

    /// The values in the URL itself that look like a password, to mask where a camera repeats them.
    pub fn literal_secrets(&self) -> Vec<&'a str> {
        let secret = |&(_, _, is_secret): &(usize, usize, bool)| is_secret;
        literal_values(self.text).into_iter().filter(secret).map(|(from, to, _)| &self.text[from..to]).collect()
    }
}

impl std::fmt::Debug for CameraUrl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// The URL as [`CameraUrl::shown`] shows it; a text that is no valid URL is not shown at all.
pub fn shown(url: &str) -> String {
    CameraUrl::parse(url).map_or_else(|_| "(not a valid camera URL)".to_owned(), |url| url.shown())
}

/// Encodes everything but the letters, digits and signs that have no meaning in a URL.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    encoded
}

fn host_and_port(authority: &str, default: u16) -> Result<(&str, u16), &'static str> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').ok_or("has a `[` without a `]` in its host")?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() {
        return Err("has no host");
    }
    let port = match rest.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or("has a port that is not 1 to 65535")?,
        None if rest.is_empty() => default,
        None => return Err("has something other than a port after its host"),
    };
    Ok((host, port))
}

/// Beginning and end of each value of a parameter that looks like a part of a log-in, and whether it looks secret. Recorders have
/// their own forms of parameters, also in paths: `/user=admin&password=x`, `/user=admin_password=x_channel=1.sdp`.
fn literal_values(url: &str) -> Vec<(usize, usize, bool)> {
    let mut values = Vec::new();
    let mut end = 0;
    for (equals, _) in url.match_indices('=') {
        if equals < end {
            continue;
        }
        let before = &url[..equals];
        let name =
            before.rsplit(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default().to_lowercase();
        let secret = SECRET_NAMES.iter().any(|word| name.contains(word));
        if !secret && !USER_NAMES.iter().any(|word| name.contains(word)) {
            continue;
        }
        let from = equals + 1;
        let value = &url[from..];
        let value = &value[..value.find(SEPARATORS).unwrap_or(value.len())];
        let next = value.find('=').and_then(|next| value[..next].rfind('_'));
        let value = &value[..next.unwrap_or(value.len())];
        end = from + value.len();
        let placeholder = value.contains(USERNAME) || value.contains(PASSWORD);
        if !value.is_empty() && !placeholder {
            values.push((from, end, secret));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_found() {
        for (url, tls, host, port) in [
            ("rtsp://10.0.0.5/live", false, "10.0.0.5", 554),
            ("rtsps://cam.example?x=1", true, "cam.example", 322),
            ("rtsp://[fe80::1]:8554/live", false, "fe80::1", 8554),
        ] {
            let parsed = CameraUrl::parse(url).unwrap();
            assert_eq!((parsed.tls, parsed.host, parsed.port), (tls, host, port), "{url}");
            assert_eq!(parsed.shown(), url);
        }
    }

    #[test]
    fn unusable_urls_are_refused_without_being_quoted() {
        for url in [
            "http://geheim/live",
            "rtsp://admin:geheim@host/live",
            "rtsp:///geheim",
            "rtsp://host:geheim/live",
            "rtsp://host:0/geheim",
            "rtsp://[::1/geheim",
            "rtsp://host/geheim\r\nX: y",
            "rtsp://host/{geheim}",
            "rtsp://{password}/",
            "rtsp:admin:geheim@10.0.0.5",
        ] {
            let error = CameraUrl::parse(url).unwrap_err();
            assert!(!error.contains("geheim") && !shown(url).contains("geheim"), "{url}: {error}");
        }
    }

    #[test]
    fn placeholders_are_replaced_once_and_encoded() {
        let url =
            CameraUrl::parse("rtsp://dvr/user={username}&password={password}&channel=1.sdp?u={username}").unwrap();
        assert!(url.needs_login());
        assert_eq!(
            url.with_login("{password}", "ä/&=% "),
            "rtsp://dvr/user=%7Bpassword%7D&password=%C3%A4%2F%26%3D%25%20&channel=1.sdp?u=%7Bpassword%7D"
        );
        assert_eq!(url.shown(), "rtsp://dvr/user={username}&password={password}&channel=1.sdp?u={username}");
    }

    #[test]
    fn a_log_in_that_is_written_into_a_url_is_not_shown() {
        for (url, shown, secrets) in [
            (
                "rtsp://dvr/user=admin&password=geheim&channel=1.sdp",
                "rtsp://dvr/user=***&password=***&channel=1.sdp",
                vec!["geheim"],
            ),
            ("rtsp://dvr/cam?usr=a&pwd=ge_heim", "rtsp://dvr/cam?usr=***&pwd=***", vec!["ge_heim"]),
            (
                "rtsp://dvr:554/user=admin_password=tlJw_pbo6_channel=1_stream=0.sdp?real_stream",
                "rtsp://dvr:554/user=***_password=***_channel=1_stream=0.sdp?real_stream",
                vec!["tlJw_pbo6"],
            ),
            ("rtsp://dvr/live?authToken=Zx9==", "rtsp://dvr/live?authToken=***", vec!["Zx9=="]),
            ("rtsp://dvr/live?channel=1&subtype=0", "rtsp://dvr/live?channel=1&subtype=0", vec![]),
        ] {
            let parsed = CameraUrl::parse(url).unwrap();
            assert_eq!(parsed.shown(), shown);
            assert_eq!(parsed.literal_secrets(), secrets, "{url}");
        }
    }
}
