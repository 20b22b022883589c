//! Notices while reading that a topic was deleted and created again under the same name.
//!
//! Librdkafka goes on at the same offset in the new topic and skips the records before it, and reports nothing. The topic's id tells.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, ConsumerContext};

use super::topic_description::{DescribeRequest, Descriptions};
use super::topic_id::TopicId;

/// How often Kafka is asked for the ids.
const INTERVAL: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks Kafka from time to time for the ids of the topics that a client reads. It never blocks. Belongs to the thread that polls the client.
pub(super) struct RecreationCheck<C: ConsumerContext + 'static> {
    asked: Instant,
    waiting: Option<DescribeRequest<C>>,
}

impl<C: ConsumerContext + 'static> RecreationCheck<C> {
    pub(super) fn new() -> Self {
        Self { asked: Instant::now(), waiting: None }
    }

    /// The name of a topic that has another id now than the one that is `expected`. Cheap; call it often. A topic that does not exist
    /// at the moment counts as unchanged: there is nothing to read.
    pub(super) fn recreated(
        &mut self,
        client: &Arc<BaseConsumer<C>>,
        expected: impl FnOnce() -> Vec<(Arc<str>, TopicId)>,
    ) -> Option<Arc<str>> {
        if let Some(request) = &mut self.waiting {
            let answer = request.poll(Duration::ZERO)?;
            self.waiting = None;
            return match answer {
                Ok(now) => changed(&now, expected()),
                Err(error) => {
                    tracing::debug!(%error, "cannot ask for the ids of topics");
                    None
                }
            };
        }
        if self.asked.elapsed() < INTERVAL {
            return None;
        }
        self.asked = Instant::now();
        let expected = expected();
        // A broker without ids has nothing to tell.
        let with_id = expected.iter().filter(|(_, id)| *id != TopicId::NONE);
        let mut names: Vec<&str> = with_id.map(|(topic, _)| &**topic).collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            let sent = DescribeRequest::send(client, &names, TIMEOUT);
            self.waiting = sent.inspect_err(|error| tracing::debug!(%error, "cannot ask for the ids of topics")).ok();
        }
        None
    }
}

fn changed(now: &Descriptions, expected: Vec<(Arc<str>, TopicId)>) -> Option<Arc<str>> {
    let differs = |topic: &str, id: TopicId| matches!(now.get(topic), Some(Ok(found)) if found.id != id);
    expected.into_iter().find(|(topic, id)| differs(topic, *id)).map(|(topic, _)| topic)
}
