//! What one stream of events missed, while its client was away or nobody read the topic: it is read from Kafka once more.

use std::collections::VecDeque;

use anyhow::bail;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, StartAt, TopicReader};
use vru_storage::postgres::Pool;

use super::bookmark::{Bookmark, bounds};
use super::events::{SiteEvent, alert_of};
use super::site_of::SiteOf;

const MAX_RECORDS: usize = 64;

/// One step of what was missed.
#[derive(Debug)]
pub(super) enum Step {
    Event(SiteEvent),
    /// Kafka has not all that was missed any more; the stream goes on here.
    Gap(Bookmark),
}

pub(super) struct Missed<'a> {
    site: &'a str,
    site_of: SiteOf<'a>,
    at: Bookmark,
    /// To be told before more is read.
    pending: VecDeque<Step>,
    reader: TopicReader,
}

impl<'a> Missed<'a> {
    /// All behind the bookmark.
    pub(super) async fn start(
        kafka: &KafkaConfig,
        database: &'a Pool,
        site: &'a str,
        from: &Bookmark,
    ) -> anyhow::Result<Self> {
        let (oldest, next) = bounds(kafka).await?;
        let (at, gap) = begin(from, &oldest, &next);
        let starts: Vec<_> = (0..).zip(at.positions.iter().map(|&position| StartAt::Offset(position))).collect();
        let topic = kafka.topics().alerts;
        let wait = TopicReader::FETCH_WAIT;
        let reader = TopicReader::start(kafka, "vru-api-missed", &topic, at.stream.topic, &starts, MAX_RECORDS, wait)?;
        let mut site_of = SiteOf::new(database);
        site_of.read(&[site.to_owned()]).await?;
        let pending = gap.then(|| Step::Gap(at.clone())).into_iter().collect();
        Ok(Self { site, site_of, at, pending, reader })
    }

    /// `None` at the end of the topic.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Step>> {
        loop {
            if let Some(step) = self.pending.pop_front() {
                return Ok(Some(step));
            }
            let record = match self.reader.next().await {
                Some(ReaderEvent::Record(record)) => record,
                Some(ReaderEvent::CaughtUp) => return Ok(None),
                Some(ReaderEvent::Recreated) => bail!("the topic of alerts was deleted and created again"),
                None => bail!("the reader of alerts ended"),
            };
            let (partition, offset) = (record.partition.number, record.offset);
            let place = self.at.positions.get(usize::try_from(partition).unwrap_or(usize::MAX)).copied();
            if place.is_some_and(|place| offset > place) {
                // Kafka deleted records while they were read.
                self.at.pass(partition, offset - 1);
                self.pending.push_back(Step::Gap(self.at.clone()));
            }
            self.at.pass(partition, offset);
            if let Some(alert) = alert_of(record)
                && self.site_of.of(&alert.camera_id).await?.as_deref() == Some(self.site)
            {
                let event = SiteEvent::of_alert(self.site, &alert, (partition, offset), self.at.clone());
                self.pending.push_back(Step::Event(event));
            }
        }
    }

    /// Behind all that was told.
    pub(super) fn end(self) -> Bookmark {
        self.at
    }
}

/// Where to begin, and whether something is missing before that.
fn begin(from: &Bookmark, oldest: &Bookmark, next: &Bookmark) -> (Bookmark, bool) {
    if !from.stream.has_name_of(&oldest.stream) {
        return (next.clone(), true);
    }
    if from.stream != oldest.stream {
        // Every record of a topic that was created again is newer.
        return (oldest.clone(), true);
    }
    let mut at = oldest.clone();
    let mut gap = false;
    for (number, (position, end)) in at.positions.iter_mut().zip(&next.positions).enumerate() {
        // A partition that was added later is new as a whole.
        let wanted = from.positions.get(number).copied().unwrap_or(0);
        gap |= wanted < *position || wanted > *end;
        *position = wanted.clamp(*position, (*end).max(*position));
    }
    (at, gap)
}

#[cfg(test)]
mod tests {
    use vru_runtime::kafka::TopicId;
    use vru_runtime::kafka::resume_token::StreamId;

    use super::*;

    fn bookmark(cluster: &str, topic: u8, positions: &[i64]) -> Bookmark {
        let stream = StreamId::new(cluster, "vru.alerts", TopicId::from_bytes([topic; 16]));
        Bookmark { stream, positions: positions.to_vec() }
    }

    #[test]
    fn a_stream_goes_on_where_it_was_or_tells_that_something_is_missing() {
        let (oldest, next) = (bookmark("a", 1, &[5, 0]), bookmark("a", 1, &[9, 7]));
        for (from, positions, gap) in [
            (bookmark("a", 1, &[5, 0]), [5, 0], false),
            (bookmark("a", 1, &[9, 7]), [9, 7], false),
            (bookmark("a", 1, &[6]), [6, 0], false),
            (bookmark("a", 1, &[4, 3]), [5, 3], true),
            (bookmark("a", 1, &[10, 3]), [9, 3], true),
            (bookmark("a", 2, &[6, 3]), [5, 0], true),
            (bookmark("b", 1, &[6, 3]), [9, 7], true),
        ] {
            assert_eq!(
                begin(&from, &oldest, &next),
                (Bookmark { positions: positions.to_vec(), ..oldest.clone() }, gap)
            );
        }
    }
}
