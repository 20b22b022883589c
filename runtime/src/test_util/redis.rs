//! A Redis server without persistence.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use super::{Launch, ServerProcess, folder, free_port};

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
        let home = folder("redis");
        let port = free_port();
        let launch = Launch::new("redis-server", home.join("server.log"))
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .args([&home]);
        let server =
            ServerProcess::start("Redis", launch, "TERM", move || ping(port).map_err(|error| error.to_string()));
        Self { server, port }
    }

    /// `redis://…`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

fn ping(port: u16) -> std::io::Result<()> {
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
