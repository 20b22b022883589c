//! An outage of a server: killed, or suspended so that connections stay open and nothing answers.

use std::time::{Duration, Instant};

use vru_runtime::test_util::{KafkaServer, PostgresServer, S3Server, ServerProcess};

use crate::pipeline::Servers;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Broker,
    Database,
    Store,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutageKind {
    /// SIGKILL: connections are refused.
    Killed,
    /// SIGSTOP: connections are open and hang.
    Hung,
}

/// Servers of the test's own, which it may break.
pub struct OwnServers {
    kafka: KafkaServer,
    postgres: PostgresServer,
    s3: S3Server,
}

impl OwnServers {
    /// Starts all servers in parallel.
    pub fn start() -> Self {
        std::thread::scope(|scope| {
            let (kafka, postgres) = (scope.spawn(KafkaServer::start), scope.spawn(PostgresServer::start));
            let s3 = S3Server::start();
            Self { kafka: kafka.join().unwrap(), postgres: postgres.join().unwrap(), s3 }
        })
    }

    /// The servers for a pipeline.
    pub fn all(&self) -> Servers<'_> {
        Servers { kafka: &self.kafka, postgres: &self.postgres, s3: &self.s3 }
    }

    fn of(&self, backend: Backend) -> &ServerProcess {
        match backend {
            Backend::Broker => &self.kafka.server,
            Backend::Database => &self.postgres.server,
            Backend::Store => &self.s3.server,
        }
    }
}

/// An outage, until [`Outage::end`].
pub struct Outage<'a> {
    server: &'a ServerProcess,
    kind: OutageKind,
    since: Instant,
}

impl<'a> Outage<'a> {
    pub fn begin(servers: &'a OwnServers, backend: Backend, kind: OutageKind) -> Self {
        let server = servers.of(backend);
        match kind {
            OutageKind::Killed => server.kill(),
            OutageKind::Hung => server.pause(),
        }
        Self { server, kind, since: Instant::now() }
    }

    /// Sleeps until the outage has lasted this long. The length is what the test needs; it waits for no event.
    pub fn last(&self, length: Duration) {
        std::thread::sleep(length.saturating_sub(self.since.elapsed()));
    }

    /// Ends the outage and waits until the server is ready.
    pub fn end(self) {
        match self.kind {
            OutageKind::Killed => self.server.restart(),
            OutageKind::Hung => {
                self.server.resume();
                self.server.wait_ready();
            }
        }
    }
}
