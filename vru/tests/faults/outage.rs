//! A server is away: stopped cold, or stopped in its tracks so that connections stay open and nothing answers.

use std::time::{Duration, Instant};

use vru_runtime::test_util::{KafkaServer, PostgresServer, S3Server, ServerProcess};

use crate::pipeline::Servers;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Broker,
    Database,
    Store,
}

/// How it is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// SIGKILL: connections are refused.
    Killed,
    /// SIGSTOP: connections are open and hang.
    Hung,
}

/// Servers that are a test's own to break.
pub struct OwnServers {
    kafka: KafkaServer,
    postgres: PostgresServer,
    s3: S3Server,
}

impl OwnServers {
    /// Starts all of them, at the same time.
    pub fn start() -> Self {
        std::thread::scope(|scope| {
            let (kafka, postgres) = (scope.spawn(KafkaServer::start), scope.spawn(PostgresServer::start));
            let s3 = S3Server::start();
            Self { kafka: kafka.join().unwrap(), postgres: postgres.join().unwrap(), s3 }
        })
    }

    /// For a pipeline.
    pub fn all(&self) -> Servers<'_> {
        Servers { kafka: &self.kafka, postgres: &self.postgres, s3: &self.s3 }
    }

    fn of(&self, part: Part) -> &ServerProcess {
        match part {
            Part::Broker => &self.kafka.server,
            Part::Database => &self.postgres.server,
            Part::Store => &self.s3.server,
        }
    }
}

/// A server that is away, until [`Outage::end`].
pub struct Outage<'a> {
    server: &'a ServerProcess,
    how: How,
    since: Instant,
}

impl<'a> Outage<'a> {
    /// Takes it away.
    pub fn begin(servers: &'a OwnServers, part: Part, how: How) -> Self {
        let server = servers.of(part);
        match how {
            How::Killed => server.kill(),
            How::Hung => server.pause(),
        }
        Self { server, how, since: Instant::now() }
    }

    /// Lets the outage grow to its length: that is what is tested, not a wait for something.
    pub fn last(&self, length: Duration) {
        std::thread::sleep(length.saturating_sub(self.since.elapsed()));
    }

    /// Brings it back.
    pub fn end(self) {
        match self.how {
            How::Killed => self.server.restart(),
            How::Hung => {
                self.server.resume();
                self.server.wait_ready();
            }
        }
    }
}
