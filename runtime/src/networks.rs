//! Networks, which addresses are not the public internet, and which of them a service may connect to for others.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::Deserialize;

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a network such as 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), str::parse).map_err(|_| wrong())?;
        if prefix > longest {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => v4_within(address, network, self.prefix),
            (IpAddr::V6(network), IpAddr::V6(address)) => v6_within(address, network, self.prefix),
            _ => false,
        }
    }
}

fn v4_within(address: Ipv4Addr, network: Ipv4Addr, prefix: u32) -> bool {
    (address.to_bits() ^ network.to_bits()).checked_shr(32 - prefix).unwrap_or(0) == 0
}

fn v6_within(address: Ipv6Addr, network: Ipv6Addr, prefix: u32) -> bool {
    (address.to_bits() ^ network.to_bits()).checked_shr(128 - prefix).unwrap_or(0) == 0
}

/// What is not the public internet (IANA's special-purpose registries).
const SPECIAL_V4: [(Ipv4Addr, u32, &str); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a carrier"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// Within `2000::/3`, which alone is given to the public internet.
const SPECIAL_V6: [(Ipv6Addr, u32, &str); 4] = [
    // Teredo, benchmarks, ORCHID.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    // 6to4: a relay decides where it leads.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "reserved"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
];

/// What people who configure a service may make it connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedNetworks {
    networks: Vec<Network>,
    /// Loopback and link-local addresses, too.
    this_host: bool,
}

/// Addresses at which the machine itself answers, or what is plugged into it: where clouds keep the credentials of a machine.
const OF_THIS_HOST: [&str; 2] = ["loopback", "link-local"];
/// Addresses that lead to no single host. The unspecified one is this machine.
const NEVER: [&str; 2] = ["unspecified", "multicast"];

impl AllowedNetworks {
    pub fn new(networks: Vec<Network>, this_host: bool) -> Self {
        Self { networks, this_host }
    }

    /// Private addresses of IPv4 and IPv6.
    pub fn private() -> Vec<Network> {
        let network = |address: IpAddr, prefix| Network { address, prefix };
        vec![
            network(Ipv4Addr::new(10, 0, 0, 0).into(), 8),
            network(Ipv4Addr::new(172, 16, 0, 0).into(), 12),
            network(Ipv4Addr::new(192, 168, 0, 0).into(), 16),
            network(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0).into(), 7),
        ]
    }

    /// Why the address may not be connected to.
    pub fn check(&self, address: IpAddr) -> Result<(), &'static str> {
        let address = embedded_v4(address.to_canonical());
        let kind = special(address);
        match kind {
            Some(kind) if NEVER.contains(&kind) => Err(kind),
            Some(kind) if OF_THIS_HOST.contains(&kind) => self.this_host.then_some(()).ok_or(kind),
            _ if self.networks.iter().any(|network| network.contains(address)) => Ok(()),
            Some(kind) => Err(kind),
            None => Err("public"),
        }
    }
}

impl Network {
    /// Whether it has nothing but addresses of this machine, or of what is plugged into it.
    pub fn is_of_this_host(&self) -> bool {
        let (longest, kind) = (if self.address.is_ipv4() { 8 } else { 10 }, special(self.address.to_canonical()));
        self.prefix >= longest && kind.is_some_and(|kind| OF_THIS_HOST.contains(&kind))
    }
}

/// The address that a gateway of NAT64 sends packets on to.
fn embedded_v4(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) if v6_within(address, NAT64, 96) => Ipv4Addr::from_bits(address.to_bits() as u32).into(),
        address => address,
    }
}

const GLOBAL_V6: Ipv6Addr = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0);
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

/// Why an address is not a public one; `None` if it is.
pub fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    SPECIAL_V4.iter().find(|(network, prefix, _)| v4_within(address, *network, *prefix)).map(|(.., kind)| *kind)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return special_v4(mapped);
    }
    if v6_within(address, NAT64, 96) {
        // A gateway sends it on to the IPv4 address at its end.
        return special_v4(Ipv4Addr::from_bits(address.to_bits() as u32));
    }
    if address.is_loopback() {
        return Some("loopback");
    }
    if address.is_unspecified() {
        return Some("unspecified");
    }
    if !v6_within(address, GLOBAL_V6, 3) {
        let kind = if v6_within(address, Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7) {
            "private"
        } else if v6_within(address, Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10) {
            "link-local"
        } else if address.is_multicast() {
            "multicast"
        } else {
            "reserved"
        };
        return Some(kind);
    }
    SPECIAL_V6.iter().find(|(network, prefix, _)| v6_within(address, *network, *prefix)).map(|(.., kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for (address, kind) in [
            ("8.8.8.8", None),
            ("1.1.1.1", None),
            ("9.255.255.255", None),
            ("11.0.0.0", None),
            ("100.63.255.255", None),
            ("100.128.0.0", None),
            ("172.15.255.255", None),
            ("172.32.0.0", None),
            ("223.255.255.255", None),
            ("0.0.0.0", Some("unspecified")),
            ("0.1.2.3", Some("unspecified")),
            ("10.0.0.0", Some("private")),
            ("10.255.255.255", Some("private")),
            ("100.64.0.0", Some("shared by a carrier")),
            ("100.100.100.200", Some("shared by a carrier")),
            ("127.0.0.1", Some("loopback")),
            ("127.255.255.254", Some("loopback")),
            // Where clouds tell a machine its credentials.
            ("169.254.169.254", Some("link-local")),
            ("172.16.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("192.0.0.192", Some("reserved")),
            ("192.0.2.1", Some("for documentation")),
            ("192.88.99.1", Some("reserved")),
            ("192.168.1.1", Some("private")),
            ("198.19.0.1", Some("for benchmarks")),
            ("198.51.100.7", Some("for documentation")),
            ("203.0.113.7", Some("for documentation")),
            ("224.0.0.1", Some("multicast")),
            ("239.255.255.255", Some("multicast")),
            ("240.0.0.1", Some("reserved")),
            ("255.255.255.255", Some("reserved")),
            ("2606:4700::1111", None),
            ("2a00:1450::1", None),
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::127.0.0.1", Some("reserved")),
            ("::ffff:8.8.8.8", None),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::ffff:10.0.0.1", Some("private")),
            ("::ffff:0:10.0.0.1", Some("reserved")),
            ("64:ff9b::8.8.8.8", None),
            ("64:ff9b::10.0.0.1", Some("private")),
            ("64:ff9b::169.254.169.254", Some("link-local")),
            ("64:ff9b:1::10.0.0.1", Some("reserved")),
            ("100::1", Some("reserved")),
            ("2001::1", Some("reserved")),
            ("2001:2::1", Some("reserved")),
            ("2001:db8::1", Some("for documentation")),
            ("2002:0a00:0001::1", Some("reserved")),
            ("3fff::1", Some("for documentation")),
            ("4000::1", Some("reserved")),
            ("fc00::1", Some("private")),
            ("fd12:3456::1", Some("private")),
            ("fd00:ec2::254", Some("private")),
            ("fe80::1", Some("link-local")),
            ("fec0::1", Some("reserved")),
            ("ff02::1", Some("multicast")),
        ] {
            assert_eq!(special(address.parse().unwrap()), kind, "{address}");
        }
    }

    #[test]
    fn a_network_has_the_addresses_of_its_prefix() {
        let within =
            |network: &str, address: &str| network.parse::<Network>().unwrap().contains(address.parse().unwrap());
        assert!(within("10.0.0.0/8", "10.200.0.1") && !within("10.0.0.0/8", "11.0.0.1"));
        assert!(within("192.168.7.9", "192.168.7.9") && !within("192.168.7.9", "192.168.7.8"));
        assert!(within("0.0.0.0/0", "8.8.8.8") && !within("0.0.0.0/0", "::1"));
        assert!(within("fd00::/8", "fd12::1") && !within("fd00::/8", "fc00::1"));
        assert!(within("::/0", "::1") && within("::1", "::1"));
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "localhost", "10.0.0.0/"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_allowed_networks_are_reached_and_this_host_only_where_it_is_all_there_is() {
        let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Network>>();
        let private = |this_host| AllowedNetworks::new(AllowedNetworks::private(), this_host);
        let everything = AllowedNetworks::new(list(&["0.0.0.0/0", "::/0"]), false);
        for (address, elsewhere, here, open) in [
            ("10.1.2.3", Ok(()), Ok(()), Ok(())),
            ("192.168.0.9", Ok(()), Ok(()), Ok(())),
            ("172.31.0.1", Ok(()), Ok(()), Ok(())),
            ("::ffff:172.31.0.1", Ok(()), Ok(()), Ok(())),
            ("64:ff9b::10.0.0.1", Ok(()), Ok(()), Ok(())),
            ("fd12::1", Ok(()), Ok(()), Ok(())),
            ("8.8.8.8", Err("public"), Err("public"), Ok(())),
            ("2606:4700::1111", Err("public"), Err("public"), Ok(())),
            ("192.0.2.7", Err("for documentation"), Err("for documentation"), Ok(())),
            ("127.0.0.1", Err("loopback"), Ok(()), Err("loopback")),
            ("127.8.9.1", Err("loopback"), Ok(()), Err("loopback")),
            ("::1", Err("loopback"), Ok(()), Err("loopback")),
            ("::ffff:127.0.0.1", Err("loopback"), Ok(()), Err("loopback")),
            ("64:ff9b::127.0.0.1", Err("loopback"), Ok(()), Err("loopback")),
            ("169.254.169.254", Err("link-local"), Ok(()), Err("link-local")),
            ("64:ff9b::169.254.169.254", Err("link-local"), Ok(()), Err("link-local")),
            ("fe80::1", Err("link-local"), Ok(()), Err("link-local")),
            ("0.0.0.0", Err("unspecified"), Err("unspecified"), Err("unspecified")),
            ("::", Err("unspecified"), Err("unspecified"), Err("unspecified")),
            ("224.0.0.1", Err("multicast"), Err("multicast"), Err("multicast")),
            ("ff02::1", Err("multicast"), Err("multicast"), Err("multicast")),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(private(false).check(address), elsewhere, "{address}");
            assert_eq!(private(true).check(address), here, "{address}");
            assert_eq!(everything.check(address), open, "{address}");
        }
        for (network, of_this_host) in [
            ("127.0.0.0/8", true),
            ("127.0.0.1", true),
            ("169.254.0.0/16", true),
            ("::1", true),
            ("fe80::/10", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0/0", false),
            ("10.0.0.0/8", false),
            ("fd00::/8", false),
        ] {
            assert_eq!(network.parse::<Network>().unwrap().is_of_this_host(), of_this_host, "{network}");
        }
    }
}
