//! Addresses of MQTT brokers: `mqtts://HOST:PORT/PREFIX`. The parser of URLs knows hosts and ports of HTTP only, so `http` stands for `mqtt`.

use percent_encoding::percent_decode_str;
use url::Url;

const SECURE_PORT: u16 = 8883;
const PLAIN_PORT: u16 = 1883;
/// What topics begin with if the address has no path.
const USUAL_PREFIX: &str = "vru";
const LONGEST_PREFIX: usize = 200;

/// `https://…` for `mqtts://…`, and `http://…` for `mqtt://…`.
pub(super) fn as_http(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "mqtts" => "https",
        "mqtt" => "http",
        _ => return None,
    };
    Some(format!("{scheme}://{rest}"))
}

/// `text` is what `url` was parsed from.
pub(super) fn port(text: &str, url: &Url) -> Result<u16, url::ParseError> {
    let usual = if url.scheme() == "https" { SECURE_PORT } else { PLAIN_PORT };
    // The parser leaves a port out that is usual for its scheme, and it is another one for each.
    let (this, other) = if url.scheme() == "https" { ("https", "http") } else { ("http", "https") };
    let other = text.replacen(this, other, 1);
    Ok(url.port().or(Url::parse(&other)?.port()).unwrap_or(usual))
}

/// Writes port and path in the one way in which they are stored. Returns what topics begin with.
pub(super) fn normalised(url: &mut Url, port: u16) -> Result<String, String> {
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    // The parser refuses this only for addresses without a host.
    url.set_port(Some(port)).map_err(|()| "has no port that can be used")?;
    topic_prefix(url)
}

/// As it is stored and shown.
pub(super) fn text(url: &Url, port: u16) -> String {
    let (scheme, usual) = if url.scheme() == "https" { ("mqtts", SECURE_PORT) } else { ("mqtt", PLAIN_PORT) };
    let port = if port == usual { String::new() } else { format!(":{port}") };
    format!("{scheme}://{}{port}{}", url.host_str().unwrap_or_default(), url.path().trim_end_matches('/'))
}

fn topic_prefix(url: &Url) -> Result<String, String> {
    if url.query().is_some() {
        return Err("has a question mark: the path is what topics begin with, and nothing comes after it".to_owned());
    }
    let path = percent_decode_str(url.path()).decode_utf8().map_err(|_| "has a path that is not UTF-8")?;
    let prefix = path.strip_prefix('/').unwrap_or_default();
    if prefix.is_empty() {
        return Ok(USUAL_PREFIX.to_owned());
    }
    if prefix.len() > LONGEST_PREFIX {
        return Err(format!("has a path of {} bytes, more than {LONGEST_PREFIX}", prefix.len()));
    }
    let forbidden = |letter: char| matches!(letter, '+' | '#') || letter.is_control();
    if prefix.starts_with('$') || prefix.contains(forbidden) || prefix.split('/').any(str::is_empty) {
        let what = "it has an empty level, `+`, `#`, a control character, or begins with `$`";
        return Err(format!("has a path that no topic may begin with: {what}"));
    }
    Ok(prefix.to_owned())
}
