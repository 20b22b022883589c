//! Apache Kafka with TLS, SASL and access control.

use super::{Authority, IssuedCertificate, KafkaServer, free_port};
use crate::kafka::KafkaConfig;
use crate::secret::Secret;

/// Whom the certificates are for.
const NAMES: &str = "IP:127.0.0.1,DNS:localhost";

/// A broker with three listeners: a plain one whose clients may do everything, for the test itself; one with TLS and SASL
/// (SCRAM and PLAIN); one that asks for a client certificate. On the last two, only what ACLs allow is allowed.
#[derive(Debug)]
pub struct SecuredKafka {
    /// The broker with its plain listener.
    pub kafka: KafkaServer,
    pub authority: Authority,
    sasl_port: u16,
    tls_port: u16,
}

impl SecuredKafka {
    /// Starts a broker with these users.
    pub fn start(users: &[&str]) -> Self {
        let authority = Authority::new("brokers");
        let broker = authority.issue("broker", NAMES).joined();
        let (sasl_port, tls_port) = (free_port(), free_port());
        let plain: Vec<String> =
            users.iter().map(|user| format!(" user_{user}=\"{}\"", Self::password(user))).collect();
        let plain = plain.concat();
        let listener = "listener.name.sasl_ssl";
        let login = "org.apache.kafka.common.security";
        let lines = [
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
            "super.users=User:ANONYMOUS".to_owned(),
            "ssl.keystore.type=PEM".to_owned(),
            format!("ssl.keystore.location={}", broker.display()),
            "ssl.truststore.type=PEM".to_owned(),
            format!("ssl.truststore.location={}", authority.certificate().display()),
            "listener.name.ssl.ssl.client.auth=required".to_owned(),
            "listener.name.ssl.ssl.principal.mapping.rules=RULE:^CN=([^,]*).*$/$1/".to_owned(),
            format!("{listener}.sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN"),
            format!("{listener}.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;"),
            format!("{listener}.scram-sha-256.sasl.jaas.config={login}.scram.ScramLoginModule required;"),
            format!("{listener}.plain.sasl.jaas.config={login}.plain.PlainLoginModule required{plain};"),
        ];
        let scram = |user: &&str| {
            ["SCRAM-SHA-512", "SCRAM-SHA-256"]
                .map(|mechanism| format!("{mechanism}=[name={user},password={}]", Self::password(user)))
        };
        let format: Vec<String> =
            users.iter().flat_map(scram).flat_map(|user| ["--add-scram".to_owned(), user]).collect();
        let listeners = format!(",SASL_SSL://127.0.0.1:{sasl_port},SSL://127.0.0.1:{tls_port}");
        let kafka = KafkaServer::start_with(&listeners, &lines, &format);
        Self { kafka, authority, sasl_port, tls_port }
    }

    /// The password of a user.
    pub fn password(user: &str) -> String {
        format!("{user}-pass")
    }

    /// A certificate for a client with this name.
    pub fn certificate(&self, name: &str) -> IssuedCertificate {
        self.authority.issue(name, NAMES)
    }

    /// The settings of a client that logs in with SCRAM-SHA-512.
    pub fn sasl(&self, user: &str) -> KafkaConfig {
        KafkaConfig {
            brokers: format!("127.0.0.1:{}", self.sasl_port),
            security_protocol: "sasl_ssl".to_owned(),
            sasl_username: user.to_owned(),
            sasl_password: Secret::new(Self::password(user)),
            ssl_ca_location: self.authority.certificate().display().to_string(),
            ..KafkaConfig::default()
        }
    }

    /// The settings of a client that shows this certificate.
    pub fn mutual_tls(&self, certificate: &IssuedCertificate) -> KafkaConfig {
        let file = |path: &std::path::Path| Secret::resolve(&format!("file:{}", path.display())).expect("a PEM file");
        KafkaConfig {
            brokers: format!("127.0.0.1:{}", self.tls_port),
            security_protocol: "ssl".to_owned(),
            ssl_ca_location: self.authority.certificate().display().to_string(),
            ssl_certificate: file(&certificate.certificate),
            ssl_key: file(&certificate.key),
            ..KafkaConfig::default()
        }
    }
}
