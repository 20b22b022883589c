//! Redis without persistence: a server, and clients.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};

use super::{IssuedCertificate, Launch, ServerProcess, eventually, folder, free_port};
use crate::admin::Readiness;
use crate::redis::{Redis, RedisConfig};

const CONNECT: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct RedisServer {
    pub server: ServerProcess,
    port: u16,
}

/// The server that all tests of this process share.
pub fn redis() -> &'static RedisServer {
    static SHARED: OnceLock<RedisServer> = OnceLock::new();
    SHARED.get_or_init(RedisServer::start)
}

impl RedisServer {
    /// Starts an empty server.
    pub fn start() -> Self {
        let port = free_port();
        Self::launch(port, &["--port", &port.to_string()], move || ping(port))
    }

    /// Starts one that speaks TLS only, with this certificate, and knows one user, who may use the keys that begin with `vru:`.
    pub fn secured(certificate: &IssuedCertificate, user: &str, password: &str) -> Self {
        let port = free_port();
        let path = |path: &Path| path.to_str().expect("a plain path").to_owned();
        let (certificate, key) = (path(&certificate.certificate), path(&certificate.key));
        let tls =
            ["--port", "0", "--tls-port", &port.to_string(), "--tls-cert-file", &certificate, "--tls-key-file", &key];
        // It asks for no certificates, but wants to know whom it would trust.
        let trust = ["--tls-auth-clients", "no", "--tls-ca-cert-file", &certificate];
        let secret = format!(">{password}");
        let users = ["--user", "default", "off", "--user", user, "on", &secret, "~vru:*", "+@all"];
        let reachable = move || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(drop);
        Self::launch(port, &[&tls[..], &trust, &users].concat(), reachable)
    }

    fn launch(port: u16, args: &[&str], probe: impl Fn() -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let home = folder("redis");
        let launch = Launch::new("redis-server", home.join("server.log"))
            .args(args)
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .args([&home]);
        let server = ServerProcess::start("Redis", launch, "TERM", move || probe().map_err(|error| error.to_string()));
        Self { server, port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://…`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

/// A client that is connected until the guard is dropped.
pub async fn redis_client(config: RedisConfig) -> (Redis, DropGuard) {
    let redis = Redis::new(config);
    let stop = CancellationToken::new();
    tokio::spawn(redis.clone().watch(Readiness::default().part("redis"), stop.clone()));
    eventually(CONNECT, "a connection to Redis", async || redis.down().map_or(Ok(()), Err)).await;
    (redis, stop.drop_guard())
}

pub(super) fn ping(port: u16) -> std::io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    if &answer == b"+PONG\r\n" { Ok(()) } else { Err(std::io::Error::other("no PONG")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_restart_and_hangs_when_paused() {
        let redis = RedisServer::start();
        redis.server.kill();
        assert!(ping(redis.port).is_err());
        redis.server.restart();
        assert!(ping(redis.port).is_ok());
        redis.server.pause();
        assert_eq!(ping(redis.port).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        redis.server.resume();
        redis.server.wait_ready();
    }
}
