//! Leads a client back that has lost its cluster.
//!
//! A broker that was away answers, until the controller counts it as alive again, with metadata that name no broker at all.
//! librdkafka (2.10 up to 2.12.1 at least) then forgets every broker, those of its configuration too, and has nobody left to ask:
//! the client is dead for ever and says nothing.

use std::ffi::CString;
use std::time::{Duration, Instant};

use rdkafka::client::Client;
use rdkafka::{ClientConfig, ClientContext, bindings};

/// How often it is looked for.
const EVERY: Duration = Duration::from_secs(3);

/// Belongs to whoever polls a client that lives long.
#[derive(Debug)]
pub(super) struct Lifeline {
    bootstrap: CString,
    looked: Instant,
    /// Before the first answer there is nothing to lose.
    had_brokers: bool,
}

impl Lifeline {
    /// For clients of this configuration.
    pub(super) fn new(config: &ClientConfig) -> Self {
        let bootstrap = config.get("bootstrap.servers").unwrap_or_default();
        // With a zero byte in it there would be no client.
        let bootstrap = CString::new(bootstrap).unwrap_or_default();
        Self { bootstrap, looked: Instant::now(), had_brokers: false }
    }

    /// Where the client knows no broker any more, names those of the configuration again. Cheap; to be called often.
    pub(super) fn look<C: ClientContext>(&mut self, client: &Client<C>) {
        // A client that has just found its cluster may lose it at once.
        if self.had_brokers && self.looked.elapsed() < EVERY {
            return;
        }
        self.looked = Instant::now();
        if knows_brokers(client) {
            self.had_brokers = true;
        } else if self.had_brokers {
            tracing::warn!("the client has lost its cluster, and looks for it again");
            self.name_brokers(client);
        }
    }

    #[expect(unsafe_code, reason = "rdkafka has no call for it")]
    fn name_brokers<C: ClientContext>(&self, client: &Client<C>) {
        // SAFETY: the client is alive as long as it is borrowed; the list is read and copied.
        unsafe { bindings::rd_kafka_brokers_add(client.native_ptr(), self.bootstrap.as_ptr()) };
    }
}

/// Whether metadata have named brokers that are not gone.
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
