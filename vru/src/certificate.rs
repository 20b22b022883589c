//! The certificate of `vru up`, for a web app that is not on loopback alone and has no certificate of its own. It signs itself, so that browsers
//! ask once whether to trust it. Key and certificate stay in the data folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use vru_runtime::tls::TlsConfig;
use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;

/// Browsers refuse certificates that are valid for longer than 398 days.
const LIFETIME: Duration = Duration::from_hours(397 * 24);
/// A new one is made so long before the old one expires.
const RENEW_BEFORE: Duration = Duration::from_hours(30 * 24);
const CHECK_EVERY: Duration = Duration::from_hours(1);
/// Clocks of clients may be behind.
const BACKDATED: Duration = Duration::from_hours(24);

/// A certificate in a folder, which [`OwnCertificate::keep_valid`] renews.
#[derive(Debug, Clone)]
pub struct OwnCertificate {
    folder: PathBuf,
    names: BTreeSet<String>,
}

/// What the folder has.
struct Found {
    names: BTreeSet<String>,
    expires: Duration,
    fingerprint: String,
}

impl OwnCertificate {
    /// Makes it for these host names and addresses, unless the folder has one.
    pub fn open(folder: &Path, names: impl IntoIterator<Item = String>) -> anyhow::Result<Self> {
        let this = Self { folder: folder.to_owned(), names: names.into_iter().collect() };
        this.renew(SystemTime::now()).context("make the certificate of the web app")?;
        Ok(this)
    }

    /// Where key and certificate are.
    pub fn files(&self) -> TlsConfig {
        TlsConfig { certificate: self.folder.join("https.pem"), key: self.folder.join("https.key") }
    }

    /// SHA-256 of the certificate, as browsers show it.
    pub fn fingerprint(&self) -> anyhow::Result<String> {
        Ok(found(&self.files().certificate)?.context("there is no certificate")?.fingerprint)
    }

    /// Renews it before it expires, until the stop. Servers read the files again.
    pub async fn keep_valid(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(CHECK_EVERY)).await.is_some() {
            match self.renew(SystemTime::now()).and_then(|renewed| Ok((renewed, self.fingerprint()?))) {
                Ok((true, fingerprint)) => tracing::info!(%fingerprint, "the certificate of the web app is renewed"),
                Ok((false, _)) => {}
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "the certificate of the web app cannot be renewed");
                }
            }
        }
    }

    /// Makes a certificate with the same key when the one that is there expires soon, cannot be read, or has other names. Returns whether
    /// it did.
    fn renew(&self, now: SystemTime) -> anyhow::Result<bool> {
        let TlsConfig { certificate, key } = self.files();
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let fits = |found: &Found| found.names == self.names && found.expires > since_epoch + RENEW_BEFORE;
        // What cannot be read is replaced.
        if key.is_file() && found(&certificate).ok().flatten().as_ref().is_some_and(fits) {
            return Ok(false);
        }
        let pair = match fs::read_to_string(&key) {
            Ok(text) => KeyPair::from_pem(&text).with_context(|| format!("read the key {}", key.display()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let pair = KeyPair::generate()?;
                write(&key, &pair.serialize_pem(), 0o600)?;
                pair
            }
            Err(error) => return Err(error).with_context(|| format!("read {}", key.display())),
        };
        let mut params = CertificateParams::new(self.names.iter().cloned().collect::<Vec<_>>())?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "vru up");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = (now - BACKDATED).into();
        params.not_after = (now - BACKDATED + LIFETIME).into();
        write(&certificate, &params.self_signed(&pair)?.pem(), 0o644)?;
        Ok(true)
    }
}

/// `None` if there is no such file.
fn found(path: &Path) -> anyhow::Result<Option<Found>> {
    let pem = match fs::read(path) {
        Ok(pem) => pem,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    let read = || format!("read the certificate {}", path.display());
    let certificate = Certificate::from_pem(&pem).with_context(read)?;
    let fingerprint = Sha256::digest(certificate.to_der().with_context(read)?);
    let fingerprint = fingerprint.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    let names = certificate.tbs_certificate.get::<SubjectAltName>().with_context(read)?;
    let names = names.map(|(_, names)| names.0.iter().filter_map(name).collect()).unwrap_or_default();
    let expires = certificate.tbs_certificate.validity.not_after.to_unix_duration();
    Ok(Some(Found { names, expires, fingerprint }))
}

fn name(name: &x509_cert::ext::pkix::name::GeneralName) -> Option<String> {
    use x509_cert::ext::pkix::name::GeneralName;
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => match bytes.as_bytes().len() {
            4 => <[u8; 4]>::try_from(bytes.as_bytes()).ok().map(|bytes| Ipv4Addr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(bytes.as_bytes()).ok().map(|bytes| Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

/// Writes a file whole or not at all. `mode` is that of the new file.
fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let written = || -> std::io::Result<()> {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::options().write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().with_context(|| format!("write {}", path.display()))
}

/// Under which names and addresses this machine is reached by who listens at `ip`, those of others first.
pub fn names_of_this_machine(ip: IpAddr) -> Vec<String> {
    let own = |file: &str, read: fn(&str) -> Vec<IpAddr>| read(&fs::read_to_string(file).unwrap_or_default());
    let mut addresses = if ip.is_unspecified() {
        let mut all = own("/proc/net/fib_trie", ipv4_addresses);
        if ip.is_ipv6() {
            all.extend(own("/proc/net/if_inet6", ipv6_addresses));
        }
        all
    } else {
        vec![ip]
    };
    addresses.sort_unstable();
    addresses.dedup();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_ascii_lowercase();
    let valid =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let mut names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    if valid && host != "localhost" {
        names.push(host);
    }
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// Addresses of this machine in `/proc/net/fib_trie`, without loopback.
fn ipv4_addresses(text: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    let mut last = None;
    for line in text.lines() {
        if let Some((_, address)) = line.split_once("|-- ") {
            last = address.trim().parse::<Ipv4Addr>().ok();
        } else if line.contains("/32 host LOCAL")
            && let Some(address) = last.filter(|address| !address.is_loopback())
        {
            found.push(address.into());
        }
    }
    found
}

/// Addresses of this machine in `/proc/net/if_inet6`, without loopback and those of one link, which are no addresses without their interface.
fn ipv6_addresses(text: &str) -> Vec<IpAddr> {
    let address = |line: &str| u128::from_str_radix(line.split(' ').next()?, 16).ok().map(Ipv6Addr::from);
    let addresses = text.lines().filter_map(address);
    addresses.filter(|address| !address.is_loopback() && !address.is_unicast_link_local()).map(IpAddr::from).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use vru_runtime::tls::ServerTls;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_certificate_is_kept_until_it_expires_soon_or_has_other_names() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = names(&["localhost", "192.0.2.7", "2001:db8::7", "street.example.org"]);
        let own = OwnCertificate::open(folder.path(), wanted.clone()).unwrap();
        let TlsConfig { certificate, key } = own.files();
        ServerTls::check(&certificate, &key).unwrap();
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let first = own.fingerprint().unwrap();
        assert_eq!(first.len(), 32 * 3 - 1);
        let again = OwnCertificate::open(folder.path(), wanted.clone()).unwrap();
        assert_eq!(again.fingerprint().unwrap(), first);

        let of_key = fs::read(&key).unwrap();
        let day = Duration::from_hours(24);
        assert!(!own.renew(SystemTime::now() + day * 365).unwrap());
        assert!(own.renew(SystemTime::now() + day * 367).unwrap());
        let second = own.fingerprint().unwrap();
        OwnCertificate::open(folder.path(), names(&["localhost"])).unwrap();
        let third = own.fingerprint().unwrap();
        assert!(first != second && second != third);
        fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
        OwnCertificate::open(folder.path(), wanted).unwrap();
        ServerTls::check(&certificate, &key).unwrap();
        assert_eq!(fs::read(&key).unwrap(), of_key, "who trusts the key trusts it still");
        fs::write(&key, "no key").unwrap();
        let error = OwnCertificate::open(folder.path(), names(&["other"])).unwrap_err();
        assert!(format!("{error:#}").contains("https.key"), "{error:#}");
    }

    #[test]
    fn addresses_of_this_machine_are_those_that_others_reach() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.0\n        /24 link UNICAST\n     |-- 10.0.0.7\n        /32 host LOCAL\n\
                    \u{20}    |-- 10.0.0.255\n        /32 link BROADCAST\n     |-- 127.0.0.1\n        /32 host LOCAL\n";
        assert_eq!(ipv4_addresses(trie), ["10.0.0.7".parse::<IpAddr>().unwrap()]);
        let interfaces = "00000000000000000000000000000001 01 80 10 80       lo\n\
                          fe80000000000000021122fffe334455 02 40 20 80     eth0\n\
                          20010db8000000000000000000000007 02 40 00 80     eth0\n";
        assert_eq!(ipv6_addresses(interfaces), ["2001:db8::7".parse::<IpAddr>().unwrap()]);
        assert_eq!(names_of_this_machine("192.0.2.7".parse().unwrap())[0], "192.0.2.7");
        assert!(names_of_this_machine("0.0.0.0".parse().unwrap()).ends_with(&names(&[
            "localhost",
            "127.0.0.1",
            "::1"
        ])));
    }
}
