use serde::Deserialize;
use url::Url;

/// The part of an address that browsers name as the origin: `https://vru.example.org`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin {
    text: String,
    /// Somebody on the way may read what is sent.
    pub(crate) exposed: bool,
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not of the form https://HOST[:PORT]");
        let url = Url::parse(&text).map_err(|_| wrong())?;
        if !["http", "https"].contains(&url.scheme())
            || url.path() != "/"
            || url.query().is_some()
            || !url.username().is_empty()
        {
            return Err(wrong());
        }
        let exposed = url.scheme() != "https" && !is_loopback(&url);
        Ok(Self { text: url.origin().ascii_serialization(), exposed })
    }
}

impl Origin {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The host name or address, without brackets.
    pub fn host(&self) -> Option<String> {
        let url = Url::parse(&self.text).ok()?;
        Some(url.host_str()?.trim_matches(['[', ']']).to_owned())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = |text: &str| Origin::try_from(text.to_owned());
        assert_eq!(origin("https://VRU.example.org/").unwrap().text(), "https://vru.example.org");
        assert_eq!(origin("https://vru.example.org:443").unwrap().text(), "https://vru.example.org");
        assert!(origin("http://vru.example.org").unwrap().exposed);
        assert!(!origin("http://localhost:3000").unwrap().exposed);
        for text in [
            "vru.example.org",
            "https://vru.example.org/app",
            "https://user@vru.example.org",
            "file:///",
            "https://a?b",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
