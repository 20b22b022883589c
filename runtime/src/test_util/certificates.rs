//! Certificates and keys for tests, made by `openssl`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Arguments of `openssl req` for a new key without a password.
pub(super) const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/// A certificate that signs itself, and its key, as PEM files.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl CertificateFiles {
    /// Makes `NAME.pem` and `NAME.key` in the folder: for `localhost` and 127.0.0.1, valid for a day.
    pub fn create(folder: &Path, name: &str) -> Self {
        Self::create_for_days(folder, name, 1)
    }

    /// Makes a certificate that has expired.
    pub fn create_expired(folder: &Path, name: &str) -> Self {
        Self::create_for_days(folder, name, -1)
    }

    fn create_for_days(folder: &Path, name: &str, days: i32) -> Self {
        let path = |ending: &str| folder.join(format!("{name}.{ending}"));
        let (certificate, key, request, names) = (path("pem"), path("key"), path("csr"), path("ext"));
        std::fs::write(&names, "subjectAltName=DNS:localhost,IP:127.0.0.1\n").expect("a writable folder");
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        let (key_text, request_text) = (text(&key), text(&request));
        let ask = ["req", "-subj", "/CN=localhost", "-out", &request_text, "-keyout", &key_text];
        openssl(&[&ask[..], &NEW_KEY].concat());
        openssl(&[
            "x509",
            "-req",
            "-in",
            &request_text,
            "-signkey",
            &key_text,
            "-days",
            &days.to_string(),
            "-extfile",
            &text(&names),
            "-out",
            &text(&certificate),
        ]);
        Self { certificate, key }
    }

    /// Copies both files over those of another certificate, the key last.
    pub fn replace(&self, other: &Self) {
        for (from, to) in [(&self.certificate, &other.certificate), (&self.key, &other.key)] {
            std::fs::copy(from, to).unwrap_or_else(|error| panic!("cannot copy {}: {error}", from.display()));
        }
    }
}

/// Runs `openssl`. Panics with its output when it fails.
pub fn openssl(args: &[&str]) {
    openssl_in(Path::new("."), args);
}

/// Runs `openssl` in this folder.
pub(super) fn openssl_in(folder: &Path, args: &[&str]) {
    let output = Command::new("openssl").current_dir(folder).args(args).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}
