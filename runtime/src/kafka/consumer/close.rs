//! The end of a client, in bounded time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::consumer::base_consumer::BaseConsumer;

use super::group::GroupContext;
use crate::kafka::lifeline::Lifeline;

/// How long a client has to leave its group; past it the group's session does that for it.
const LEAVE: Duration = Duration::from_secs(10);

/// Closes a client that is dropped next. Dropping alone waits for the group's coordinator without end and without a lifeline: for
/// ever, where the client has lost its cluster while a commit was under way. One that does not come to its end is left as it is.
pub(super) fn close(client: Arc<BaseConsumer<GroupContext>>, lifeline: &mut Lifeline) {
    if let Err(error) = client.close_queue() {
        tracing::warn!(%error, "the client cannot be closed");
    }
    let until = Instant::now() + LEAVE;
    while !client.closed() {
        if Instant::now() >= until {
            tracing::warn!("the client does not leave its group in time, and is left behind");
            // Never dropped, whoever else holds it: its threads and buffers are the price of not hanging.
            std::mem::forget(client);
            return;
        }
        lifeline.look(client.client());
        drop(client.poll(Duration::from_millis(50)));
    }
}
