//! Certificate authorities for tests of TLS, made by OpenSSL.

use std::fs;
use std::path::{Path, PathBuf};

use super::certificates::{NEW_KEY, openssl_in};
use super::{folder, openssl};

/// A certificate authority with a folder of its own.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
}

/// A certificate that an [`Authority`] signed, and its key.
#[derive(Debug, Clone)]
pub struct IssuedCertificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// `name` is the authority's common name.
    pub fn new(name: &str) -> Self {
        let authority = Self { folder: folder(&format!("ca-{name}")) };
        let subject = format!("/CN={name}");
        authority.openssl(&["req", "-x509", "-days", "2", "-subj", &subject, "-out", "ca.pem"], "ca.key");
        authority
    }

    /// The PEM file that clients verify certificates against.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Issues a certificate for a server or a client. `alternative_names` is OpenSSL's `subjectAltName`, for example
    /// `DNS:localhost,IP:127.0.0.1`.
    pub fn issue(&self, common_name: &str, alternative_names: &str) -> IssuedCertificate {
        let (certificate, key) = (format!("{common_name}.pem"), format!("{common_name}.key"));
        let (subject, names) = (format!("/CN={common_name}"), format!("subjectAltName={alternative_names}"));
        let request = ["req", "-x509", "-days", "2", "-subj", &subject, "-addext", &names, "-out", &certificate];
        let usage = ["-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key"];
        self.openssl(&[&request[..], &usage].concat(), &key);
        IssuedCertificate { certificate: self.folder.join(certificate), key: self.folder.join(key) }
    }

    /// Like [`Authority::issue`], but the certificate has expired years ago.
    pub fn issue_expired(&self, common_name: &str, alternative_names: &str) -> IssuedCertificate {
        let (certificate, key) = (format!("{common_name}.pem"), format!("{common_name}.key"));
        let (subject, names) = (format!("/CN={common_name}"), format!("subjectAltName={alternative_names}"));
        let request = format!("{common_name}.csr");
        self.openssl(&["req", "-new", "-subj", &subject, "-addext", &names, "-out", &request], &key);
        let config = "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nnew_certs_dir = .\ncertificate = ca.pem\n\
                      private_key = ca.key\ndefault_md = sha256\npolicy = any\ncopy_extensions = copy\nrand_serial = yes\n\
                      [any]\ncommonName = supplied\n";
        fs::write(self.folder.join("ca.cnf"), config).expect("the folder is ours");
        fs::write(self.folder.join("index.txt"), "").expect("the folder is ours");
        let dates = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"];
        let sign = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-in", &request, "-out", &certificate];
        self.run(&[&sign[..], &dates].concat());
        IssuedCertificate { certificate: self.folder.join(certificate), key: self.folder.join(key) }
    }

    fn openssl(&self, args: &[&str], key: &str) {
        self.run(&[args, &NEW_KEY, &["-keyout", key]].concat());
        // OpenSSL protects keys from other users. Servers that run as another user must read these.
        make_readable(&self.folder.join(key));
    }

    fn run(&self, args: &[&str]) {
        openssl_in(&self.folder, args);
    }
}

impl IssuedCertificate {
    /// The key, encrypted with this password.
    pub fn encrypted_key(&self, password: &str) -> PathBuf {
        let encrypted = self.key.with_extension("encrypted");
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        let (from, to, password) = (text(&self.key), text(&encrypted), format!("pass:{password}"));
        openssl(&["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", &password, "-in", &from, "-out", &to]);
        encrypted
    }

    /// Key and certificate in one file.
    pub fn joined(&self) -> PathBuf {
        let joined = self.certificate.with_extension("joined");
        let read = |path: &Path| fs::read_to_string(path).expect("the file was just written");
        fs::write(&joined, read(&self.key) + &read(&self.certificate)).expect("the folder is ours");
        joined
    }
}

fn make_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("the file is ours");
}
