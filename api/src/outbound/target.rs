//! Where a request may go. Its address comes from people, or from servers, that may not reach our own network through us.

use std::net::IpAddr;
use std::sync::Arc;

use url::{Host, Url};
use vru_runtime::networks::{Network, special};

use super::broker;

const LONGEST: usize = 2048;

/// Where requests of one kind may go: to the public internet, and to what the configuration allows.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    allowed: Arc<[Network]>,
    /// The setting that allows more.
    setting: &'static str,
    brokers: bool,
}

impl Reach {
    pub(crate) fn new(allowed: &[Network], setting: &'static str) -> Self {
        Self { allowed: allowed.into(), setting, brokers: false }
    }

    /// MQTT brokers may be targets too.
    #[must_use]
    pub(crate) fn and_brokers(self) -> Self {
        Self { brokers: true, ..self }
    }
}

/// An address that has no clear mistake. Whether the addresses of its host may be reached shows when they are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Of a broker with `http` in place of `mqtt`: only then does the parser know what its host is.
    url: Url,
    host: String,
    port: u16,
    secure: bool,
    /// What the topics of a broker begin with; `None` for a target of HTTP.
    prefix: Option<String>,
}

impl Target {
    /// The problem, as words after the name of the field.
    pub(crate) fn parse(text: &str, reach: &Reach) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("has {} bytes, more than {LONGEST}", text.len()));
        }
        // The parser drops some of them.
        if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return Err("has a space or a control character".to_owned());
        }
        let of_broker = if reach.brokers { broker::as_http(text) } else { None };
        let not_an_address = |error: url::ParseError| format!("is not an address: {error}");
        let mut url = Url::parse(of_broker.as_deref().unwrap_or(text)).map_err(not_an_address)?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            other if reach.brokers => return Err(format!("begins with {other}:, not https: or mqtts:")),
            other => return Err(format!("begins with {other}:, not https:")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("has a login: whoever sees the address would see it".to_owned());
        }
        if url.fragment().is_some() {
            return Err("has a fragment, which is never sent".to_owned());
        }
        let (port, prefix) = match &of_broker {
            None => (url.port_or_known_default(), None),
            Some(text) => {
                let port = broker::port(text, &url).map_err(not_an_address)?;
                (Some(port), Some(broker::normalised(&mut url, port)?))
            }
        };
        let port = port.filter(|port| *port != 0).ok_or("has no port that can be used")?;
        let host = match url.host() {
            None => return Err("has no host".to_owned()),
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
        };
        let target = Self { url, host, port, secure, prefix };
        match target.literal() {
            Some(address) => target.check(address, reach)?,
            None if target.is_localhost() => {
                let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
                if !loopback.iter().any(|address| target.check(*address, reach).is_ok()) {
                    target.check(loopback[0], reach)?;
                }
            }
            None if !secure => return Err(target.not_secure()),
            None => {}
        }
        Ok(target)
    }

    /// Whether this may be one of the host's addresses; the problem otherwise.
    pub(super) fn check(&self, address: IpAddr, reach: &Reach) -> Result<(), String> {
        let address = address.to_canonical();
        if !self.secure && !address.is_loopback() {
            return Err(self.not_secure());
        }
        match special(address) {
            Some(kind) if !reach.allowed.iter().any(|network| network.contains(address)) => Err(format!(
                "leads to {address}, which is {kind}: the operator of this service allows such addresses with `{}`",
                reach.setting
            )),
            _ => Ok(()),
        }
    }

    fn not_secure(&self) -> String {
        let scheme = if self.is_broker() { "mqtt" } else { "http" };
        format!("begins with {scheme}:, not {scheme}s:")
    }

    /// As it is stored and shown.
    pub(crate) fn text(&self) -> String {
        if !self.is_broker() {
            return self.url.as_str().to_owned();
        }
        broker::text(&self.url, self.port)
    }

    pub(crate) fn is_broker(&self) -> bool {
        self.prefix.is_some()
    }

    /// What the topics of a broker begin with.
    pub(crate) fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }

    /// Whether the same server is asked, with the same protection: a login may be sent to both or to none.
    pub(crate) fn same_server(&self, other: &Self) -> bool {
        (self.is_broker(), self.secure, &self.host, self.port)
            == (other.is_broker(), other.secure, &other.host, other.port)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn secure(&self) -> bool {
        self.secure
    }

    /// What the request names as its target.
    pub(super) fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// What the header `host` says.
    pub(super) fn authority(&self) -> &str {
        &self.url[url::Position::BeforeHost..url::Position::AfterPort]
    }

    /// If the host is an address.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        match self.url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        }
    }

    fn is_localhost(&self) -> bool {
        let name = self.host.trim_end_matches('.');
        name == "localhost" || name.ends_with(".localhost")
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;
    use vru_runtime::test_util::seeded_rng;

    use super::*;

    fn parse(text: &str, allowed: &[&str]) -> Result<Target, String> {
        let allowed: Vec<Network> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        Target::parse(text, &Reach::new(&allowed, "webhooks.allowed_networks").and_brokers())
    }

    #[test]
    fn clear_mistakes_are_named() {
        for (text, problem) in [
            ("", "is not an address"),
            ("vru.example.org", "is not an address"),
            ("ftp://example.org/", "begins with ftp:"),
            ("file:///etc/passwd", "begins with file:"),
            ("gopher://example.org/", "begins with gopher:"),
            ("http://example.org/", "begins with http:"),
            ("http://8.8.8.8/", "begins with http:"),
            ("https://user@example.org/", "has a login"),
            ("https://:secret@example.org/", "has a login"),
            ("https://example.org/#a", "has a fragment"),
            ("https://exa\tmple.org/", "has a space or a control"),
            (" https://example.org/", "has a space or a control"),
            ("https://example.org/a b", "has a space or a control"),
            ("https:///", "is not an address"),
            ("https://example.org:0/", "has no port"),
            ("https://example.org:70000/", "is not an address"),
            ("https://127.0.0.1/", "leads to 127.0.0.1, which is loopback"),
            ("http://127.0.0.1/", "leads to 127.0.0.1, which is loopback"),
            // The same address in other words.
            ("https://127.1/", "leads to 127.0.0.1"),
            ("https://0x7f000001/", "leads to 127.0.0.1"),
            ("https://2130706433/", "leads to 127.0.0.1"),
            ("https://017700000001/", "leads to 127.0.0.1"),
            ("https://①②⑦.⓪.⓪.①/", "leads to 127.0.0.1"),
            ("https://[::ffff:7f00:1]/", "leads to 127.0.0.1"),
            ("https://[::1]/", "leads to ::1, which is loopback"),
            ("https://0/", "which is unspecified"),
            ("https://localhost/", "which is loopback"),
            ("https://LOCALHOST./", "which is loopback"),
            ("https://a.localhost:8443/", "which is loopback"),
            ("https://169.254.169.254/latest/meta-data", "which is link-local"),
            ("https://[fd00:ec2::254]/", "which is private"),
            ("https://[64:ff9b::a9fe:a9fe]/", "which is link-local"),
            ("https://192.168.0.1/", "which is private"),
            ("mqtt://example.org/", "begins with mqtt:, not mqtts:"),
            ("mqtts:example.org", "begins with mqtts:, not https: or mqtts:"),
            ("mqtts://127.1", "leads to 127.0.0.1"),
            ("mqtts://[::ffff:7f00:1]", "leads to 127.0.0.1"),
            ("MQTTS://localhost:8883", "which is loopback"),
            ("mqtts://192.168.0.1", "which is private"),
            ("mqtts://user:secret@example.org", "has a login"),
            ("mqtts://example.org?a=b", "has a question mark"),
            ("mqtts://example.org/a//b", "has a path that no topic may begin with"),
            ("mqtts://example.org/%23", "has a path that no topic may begin with"),
            ("mqtts://example.org/a+", "has a path that no topic may begin with"),
            ("mqtts://example.org/$SYS", "has a path that no topic may begin with"),
            ("mqtts://example.org/%ff", "has a path that is not UTF-8"),
            ("mqtts://example.org:0", "has no port"),
        ] {
            let found = parse(text, &[]).unwrap_err();
            assert!(found.contains(problem), "{text}: {found}");
        }
        let long = format!("https://example.org/{}", "a".repeat(LONGEST));
        assert!(parse(&long, &[]).unwrap_err().contains("bytes"));
    }

    #[test]
    fn what_may_be_reached_is_taken_as_it_is() {
        let target = parse("https://hooks.Example.org/in?token=a%20b", &[]).unwrap();
        assert_eq!(
            (target.host(), target.port(), target.path(), target.authority()),
            ("hooks.example.org", 443, "/in?token=a%20b", "hooks.example.org")
        );
        let target = parse("https://[2606:4700::1]:8443", &[]).unwrap();
        assert_eq!(
            (target.host(), target.port(), target.path(), target.authority()),
            ("2606:4700::1", 8443, "/", "[2606:4700::1]:8443")
        );
        assert!(parse("https://10.1.2.3/", &["10.1.0.0/16"]).is_ok());
        assert!(parse("https://10.2.2.3/", &["10.1.0.0/16"]).is_err());
        assert!(parse("http://127.0.0.1:9000/", &["127.0.0.0/8"]).is_ok());
        assert!(parse("http://localhost:9000/", &["127.0.0.0/8"]).is_ok());
        assert!(parse("http://[::1]:9000/", &["::1"]).is_ok());
        // Without encryption off this machine: never.
        assert!(parse("http://10.1.2.3/", &["10.1.0.0/16"]).is_err());
        assert!(parse("http://intern.example.org/", &["0.0.0.0/0"]).is_err());
        assert!(parse("mqtt://10.1.2.3", &["10.1.0.0/16"]).is_err());
        let http_only = Reach::new(&[], "sign_in.allowed_networks");
        assert!(Target::parse("mqtts://example.org", &http_only).unwrap_err().contains("begins with mqtts:"));
    }

    #[test]
    fn the_path_of_a_broker_is_what_its_topics_begin_with() {
        for (text, shown, port, prefix) in [
            ("mqtts://Broker.example.org", "mqtts://broker.example.org", 8883, "vru"),
            ("mqtts://broker.example.org:8883/", "mqtts://broker.example.org", 8883, "vru"),
            (
                "mqtts://broker.example.org:443/city/north/",
                "mqtts://broker.example.org:443/city/north",
                443,
                "city/north",
            ),
            ("mqtts://broker.example.org:80/a%20b", "mqtts://broker.example.org:80/a%20b", 80, "a b"),
            ("mqtt://127.0.0.1", "mqtt://127.0.0.1", 1883, "vru"),
            ("mqtt://[::1]:443", "mqtt://[::1]:443", 443, "vru"),
        ] {
            let target = parse(text, &["127.0.0.0/8", "::1"]).unwrap();
            assert_eq!((target.text().as_str(), target.port(), target.prefix()), (shown, port, prefix), "{text}");
            assert_eq!(parse(shown, &["127.0.0.0/8", "::1"]).as_ref(), Ok(&target), "{text}");
        }
        let same = |a: &str, b: &str| parse(a, &["::1"]).unwrap().same_server(&parse(b, &["::1"]).unwrap());
        assert!(same("mqtts://a.example.org/b", "mqtts://a.example.org:8883/c"));
        assert!(!same("mqtts://a.example.org", "mqtts://b.example.org"));
        assert!(!same("mqtts://a.example.org", "mqtts://a.example.org:8884"));
        assert!(!same("mqtts://[::1]:1883", "mqtt://[::1]:1883"));
        assert!(!same("mqtts://a.example.org:443", "https://a.example.org"));
    }

    /// Whatever the text, an address that is taken as a literal is public, or stands in an allowed network.
    #[test]
    fn no_text_leads_to_a_forbidden_literal() {
        let mut random = seeded_rng("no_text_leads_to_a_forbidden_literal");
        let pieces = [
            "https://",
            "http://",
            "127",
            "10",
            "0x7f",
            "0177",
            "169.254",
            ".",
            "1",
            "[",
            "]",
            "::",
            "ffff:",
            "7f00:1",
            "64:ff9b::",
            "localhost",
            "@",
            ":",
            "/",
            "\\",
            "#",
            "?",
            "%31",
            "①",
            "。",
            "2130706433",
            "example.org",
            ":443",
            "-",
            "_",
            "\t",
        ];
        let (mut literals, public) = (0, Reach::new(&[], "webhooks.allowed_networks").and_brokers());
        for _ in 0..200_000 {
            let count = random.random_range(1..7);
            let tail: String = (0..count).map(|_| pieces[random.random_range(0..pieces.len())]).collect();
            let text = match random.random_range(0..20) {
                0 | 1 => tail,
                2..8 => format!("mqtts://{tail}"),
                _ => format!("https://{tail}"),
            };
            let Ok(target) = Target::parse(&text, &public) else { continue };
            assert!(target.secure(), "{text}");
            assert!(!target.is_localhost(), "{text}");
            if let Some(address) = target.literal() {
                literals += 1;
                assert_eq!(special(address.to_canonical()), None, "{text}");
            }
            // What is stored means the same.
            assert_eq!(Target::parse(&target.text(), &public).as_ref(), Ok(&target), "{text}");
        }
        assert!(literals > 10, "only {literals} literals were tried");
    }
}
