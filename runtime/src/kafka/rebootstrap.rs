//! Bootstraps a client again that has lost its cluster.
//!
//! A broker that was away answers, until the controller counts it as alive again, with metadata that name no broker at all.
//! Librdkafka (2.10 up to 2.12.1 at least) then forgets every broker, even those of its configuration, and has none left to ask: the
//! client is dead for good, and reports nothing.

use std::ffi::CString;
use std::time::{Duration, Instant};

use rdkafka::client::Client;
use rdkafka::{ClientConfig, ClientContext, bindings};

const CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// Belongs to the thread that polls a long-lived client.
#[derive(Debug)]
pub(super) struct Rebootstrap {
    bootstrap_servers: CString,
    checked: Instant,
    /// Before the first metadata there is nothing to lose.
    had_brokers: bool,
}

impl Rebootstrap {
    /// For clients of this configuration.
    pub(super) fn new(config: &ClientConfig) -> Self {
        let servers = config.get("bootstrap.servers").unwrap_or_default();
        // No client exists with a zero byte in it.
        let bootstrap_servers = CString::new(servers).unwrap_or_default();
        Self { bootstrap_servers, checked: Instant::now(), had_brokers: false }
    }

    /// The client was replaced: the new one has no brokers to lose yet.
    pub(super) fn forget(&mut self) {
        self.had_brokers = false;
    }

    /// Gives the client the brokers of its configuration again if it knows none any more. Cheap; call it often.
    pub(super) fn check<C: ClientContext>(&mut self, client: &Client<C>) {
        // A client that has just found its cluster may lose it at once, so before that every call checks.
        if self.had_brokers && self.checked.elapsed() < CHECK_INTERVAL {
            return;
        }
        self.checked = Instant::now();
        if knows_brokers(client) {
            self.had_brokers = true;
        } else if self.had_brokers {
            tracing::warn!("the client has lost its cluster and bootstraps again");
            self.add_brokers(client);
        }
    }

    #[expect(unsafe_code, reason = "rdkafka has no call for it")]
    fn add_brokers<C: ClientContext>(&self, client: &Client<C>) {
        // SAFETY: the client is alive as long as it is borrowed; the list is read and copied.
        unsafe { bindings::rd_kafka_brokers_add(client.native_ptr(), self.bootstrap_servers.as_ptr()) };
    }
}

/// Whether the client knows brokers from metadata.
#[expect(unsafe_code, reason = "rdkafka has no call for it")]
fn knows_brokers<C: ClientContext>(client: &Client<C>) -> bool {
    let mut count = 0;
    // SAFETY: the client is alive as long as it is borrowed. The ids are the caller's, and go back to the library's allocator.
    unsafe {
        let ids = bindings::rd_kafka_brokers_learned_ids(client.native_ptr(), &raw mut count);
        bindings::rd_kafka_mem_free(client.native_ptr(), ids.cast());
    }
    count > 0
}
