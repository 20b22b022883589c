//! The gRPC server's certificate.

use std::process::Command;

use tokio::runtime::Runtime;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use vru_proto::v1::alerts_client::AlertsClient;
use vru_runtime::test_util::{CertificateFiles, eventually, kafka, require_asset, wait_until};

use crate::alerts::{DEADLINE, ids, publish, request, start};
use crate::subscriber::{Subscriber, client};

/// Connects as a client that trusts this certificate only.
async fn connect(address: &str, trusted: &CertificateFiles) -> Result<AlertsClient<Channel>, String> {
    let certificate = Certificate::from_pem(std::fs::read(&trusted.certificate).unwrap());
    let tls = ClientTlsConfig::new().ca_certificate(certificate).domain_name("localhost");
    let endpoint = Channel::from_shared(format!("https://{address}")).unwrap().tls_config(tls).unwrap();
    client(endpoint).await.map_err(|error| format!("{error:?}"))
}

#[test]
fn the_certificate_is_reloaded_while_a_long_stream_goes_on() {
    let bus = kafka().bus("grpc-tls", 1);
    let folder = tempfile::tempdir().unwrap();
    let make = |name| CertificateFiles::create(folder.path(), name);
    let (served, first, second) = (make("served"), make("first"), make("second"));
    first.replace(&served);
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (certificate, key) = (text(&served.certificate), text(&served.key));
    let (service, address) = start(&bus, &[("alerts.tls.certificate", &certificate), ("alerts.tls.key", &key)]);
    let list = |args: &[&str]| {
        Command::new(require_asset("bin/grpcurl")).args(args).args([&address, "list"]).output().unwrap()
    };
    let listed = list(&["-cacert", &text(&first.certificate)]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("vru.v1.Alerts"), "{listed:?}");
    assert!(!list(&["-plaintext", "-max-time", "3"]).status.success());
    Runtime::new().unwrap().block_on(async {
        let before = connect(&address, &first).await.unwrap();
        let mut long = Subscriber::new(&before, request("")).await.unwrap();
        publish(&bus, "cam", 0..2);
        assert_eq!(long.take(2).await, ids("cam", 0..2));

        second.replace(&served);
        let after = eventually(DEADLINE, "the new certificate", async || connect(&address, &second).await).await;
        assert!(connect(&address, &first).await.is_err(), "the old certificate is still served");
        let mut late = Subscriber::new(&after, request("")).await.unwrap();
        publish(&bus, "cam", 2..4);
        assert_eq!(late.take(2).await, ids("cam", 2..4));
        assert_eq!(long.take(2).await, ids("cam", 2..4));

        std::fs::write(&served.key, "broken").unwrap();
        wait_until(DEADLINE, "the broken key to be reported", || {
            service.metric("tls_certificate_refused", &[("server", "alerts")]) as u64 == 1
        });
        assert!(service.log().contains("new certificate refused"), "{}", service.log_tail());
        assert_eq!(service.ready().unwrap().0, 200);
        connect(&address, &second).await.unwrap();
        publish(&bus, "cam", 4..5);
        assert_eq!(long.take(1).await, ids("cam", 4..5));
    });
}
