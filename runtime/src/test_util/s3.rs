//! An S3 server (SeaweedFS) with one bucket for each test.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Launch, ServerProcess, folder, free_port, http_get, http_send, require_asset};

#[derive(Debug)]
pub struct S3Server {
    pub server: ServerProcess,
    port: u16,
    filer: SocketAddr,
    next_bucket: AtomicUsize,
}

/// The server that all tests of this process share.
pub fn s3() -> &'static S3Server {
    static SHARED: OnceLock<S3Server> = OnceLock::new();
    SHARED.get_or_init(S3Server::start)
}

impl S3Server {
    pub const ACCESS_KEY: &'static str = "vru-access";
    pub const SECRET_KEY: &'static str = "vru-secret";
    /// Of somebody who may only read objects.
    pub const READER_ACCESS_KEY: &'static str = "vru-reader";
    pub const READER_SECRET_KEY: &'static str = "vru-reader-secret";
    pub const REGION: &'static str = "us-east-1";

    /// Starts an empty server.
    pub fn start() -> Self {
        let home = folder("s3");
        let config = home.join("s3.json");
        fs::write(&config, credentials()).expect("the folder is ours");
        let data = home.join("data");
        fs::create_dir(&data).expect("the folder is ours");
        let (port, filer) = (free_port(), free_port());
        let ports =
            [("s3.port", port), ("filer.port", filer), ("master.port", free_port()), ("volume.port", free_port())];
        // Each port has a gRPC port too, by default the port plus 10,000, which may be out of range or in use.
        let grpc =
            ["s3.port.grpc", "filer.port.grpc", "master.port.grpc", "volume.port.grpc"].map(|name| (name, free_port()));
        let flags = ports.iter().chain(&grpc).map(|(name, port)| format!("-{name}={port}"));
        let launch = Launch::new(require_asset("bin/weed"), home.join("server.log"))
            .args([
                "server",
                "-s3",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-volume.max=1000",
                "-volume.preStopSeconds=0",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-master.volumeSizeLimitMB=64",
                // The only master need not wait for other candidates.
                "-master.electionTimeout=1s",
            ])
            .args([format!("-dir={}", data.display()), format!("-s3.config={}", config.display())])
            .args(flags);
        let filer = SocketAddr::from((Ipv4Addr::LOCALHOST, filer));
        let gateway = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // An orderly stop takes 15 s and writes nothing more than a kill.
        let server = ServerProcess::start("SeaweedFS", launch, "KILL", move || probe(filer, gateway));
        Self { server, port, filer, next_bucket: AtomicUsize::new(0) }
    }

    /// `http://…`, without a bucket.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A new, empty bucket.
    pub fn bucket(&self) -> String {
        let name = format!("test-{}", self.next_bucket.fetch_add(1, Ordering::Relaxed));
        // A bucket is a folder of the filer. Creating it there needs no signed request.
        let made = http_send(self.filer, "POST", &format!("/buckets/{name}/"), &[]);
        match made {
            Ok(answer) if (200..300).contains(&answer.status) => name,
            other => panic!("cannot create bucket {name}: {other:?}"),
        }
    }
}

/// A write passes when master, volume server and filer have found each other. 403 means that the S3 gateway answers.
fn probe(filer: SocketAddr, gateway: SocketAddr) -> Result<(), String> {
    let written = http_send(filer, "PUT", "/probe/file", b"probe")?;
    let read = http_get(filer, "/probe/file")?;
    let gateway = http_get(gateway, "/")?;
    let ready = (200..300).contains(&written.status) && read.body == "probe" && gateway.status == 403;
    if ready { Ok(()) } else { Err(format!("write {}, read {:?}, gateway {}", written.status, read, gateway.status)) }
}

fn credentials() -> String {
    let identity = |name: &str, access: &str, secret: &str, actions: &[&str]| {
        let credentials = [serde_json::json!({ "accessKey": access, "secretKey": secret })];
        serde_json::json!({ "name": name, "credentials": credentials, "actions": actions })
    };
    let all = ["Admin", "Read", "Write", "List", "Tagging"];
    let vru = identity("vru", S3Server::ACCESS_KEY, S3Server::SECRET_KEY, &all);
    let reader = identity("reader", S3Server::READER_ACCESS_KEY, S3Server::READER_SECRET_KEY, &["Read"]);
    serde_json::json!({ "identities": [vru, reader] }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_survive_a_restart() {
        let s3 = S3Server::start();
        let (one, two) = (s3.bucket(), s3.bucket());
        assert_ne!(one, two);
        s3.server.restart();
        let found = http_get(s3.filer, &format!("/buckets/{one}/")).unwrap();
        assert_eq!(found.status, 200, "{found:?}");
    }
}
