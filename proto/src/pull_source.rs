//! Rules for cameras that ingest connects to.

use crate::camera_url::CameraUrl;
use crate::error::InvalidMessage;
use crate::v1::camera_tls::Verify;
use crate::v1::{CameraTls, PullSource};

pub(crate) fn check(pull: &PullSource) -> Result<(), InvalidMessage> {
    let url = CameraUrl::parse(&pull.url).map_err(|problem| invalid("pull.url", problem))?;
    if url.needs_login() && pull.credentials.is_none() {
        return Err(invalid(
            "pull.url",
            "has a placeholder for the user name or password, and `credentials` are missing",
        ));
    }
    pull.tls.as_ref().map_or(Ok(()), |tls| check_tls(tls, url.tls))
}

fn check_tls(tls: &CameraTls, used: bool) -> Result<(), InvalidMessage> {
    if !used {
        return Err(invalid("pull.tls", "is set for a URL without TLS: use rtsps:// or remove it"));
    }
    match &tls.verify {
        None => Err(invalid("pull.tls", "is empty: set one of ca_file, certificate_sha256 and insecure")),
        Some(Verify::CaFile(path)) if path.is_empty() => Err(invalid("pull.tls.ca_file", "is empty")),
        Some(Verify::CertificateSha256(digits)) if fingerprint(digits).is_none() => {
            Err(invalid("pull.tls.certificate_sha256", "is not a SHA-256 fingerprint: 64 hexadecimal digits"))
        }
        Some(Verify::Insecure(false)) => {
            Err(invalid("pull.tls.insecure", "is false: remove it, and the certificate is verified"))
        }
        Some(_) => Ok(()),
    }
}

/// The bytes of a fingerprint, written with or without colons.
pub fn fingerprint(digits: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b':').collect();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

fn invalid(field: &'static str, problem: &str) -> InvalidMessage {
    InvalidMessage::new("CameraConfig", field, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::Credentials;

    fn problem(url: &str, credentials: bool, tls: Option<CameraTls>) -> Option<&'static str> {
        let credentials = credentials.then(|| Credentials { username: "u".to_owned(), password: "p".to_owned() });
        let pull = PullSource { url: url.to_owned(), credentials, tls, ..PullSource::default() };
        check(&pull).err().map(|error| error.field)
    }

    #[test]
    fn placeholders_need_credentials() {
        assert_eq!(problem("rtsp://h/{password}", false, None), Some("pull.url"));
        assert_eq!(problem("rtsp://h/{password}", true, None), None);
    }

    #[test]
    fn a_half_given_verification_is_refused() {
        let digits = "ab:".repeat(31) + "CD";
        let tls = |verify| Some(CameraTls { verify });
        let pin = |digits: &str| tls(Some(Verify::CertificateSha256(digits.to_owned())));
        let file = |path: &str| tls(Some(Verify::CaFile(path.to_owned())));
        assert_eq!(problem("rtsps://h/", false, None), None);
        assert_eq!(problem("rtsps://h/", false, pin(&digits)), None);
        assert_eq!(problem("rtsps://h/", false, file("ca.pem")), None);
        assert_eq!(problem("rtsps://h/", false, tls(Some(Verify::Insecure(true)))), None);
        assert_eq!(problem("rtsp://h/", false, pin(&digits)), Some("pull.tls"));
        assert_eq!(problem("rtsps://h/", false, tls(None)), Some("pull.tls"));
        assert_eq!(problem("rtsps://h/", false, file("")), Some("pull.tls.ca_file"));
        assert_eq!(problem("rtsps://h/", false, tls(Some(Verify::Insecure(false)))), Some("pull.tls.insecure"));
        for wrong in ["", "abcd", &"ag".repeat(32), &"ab".repeat(33)] {
            assert_eq!(problem("rtsps://h/", false, pin(wrong)), Some("pull.tls.certificate_sha256"), "{wrong}");
        }
    }
}
