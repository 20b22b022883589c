//! What the receiver asks of the poll thread. Only the poll thread changes partitions in librdkafka, so that no pause or resume happens
//! while a record is on its way.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::kafka::partition::{Partition, StartAt};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// Find where the group stands in the partitions of the assignment `epoch`, and start them there.
    StartAtPositions {
        epoch: u64,
        partitions: Vec<Partition>,
    },
    /// Start the partitions of the assignment `epoch`; those that are not listed, at the committed offset.
    Start {
        epoch: u64,
        starts: Vec<(Partition, StartAt)>,
    },
    /// `seen`: the newest assignment that the receiver had taken from the channel.
    Pause {
        partition: Partition,
        seen: u64,
    },
    Resume {
        partition: Partition,
        seen: u64,
    },
}

impl Request {
    fn pauses_or_resumes(&self) -> Option<&Partition> {
        match self {
            Self::StartAtPositions { .. } | Self::Start { .. } => None,
            Self::Pause { partition, .. } | Self::Resume { partition, .. } => Some(partition),
        }
    }
}

/// The mailbox of the poll thread, which sleeps here while librdkafka has nothing for it.
#[derive(Debug, Default)]
pub(super) struct Requests {
    mailbox: Mutex<Mailbox>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Mailbox {
    requests: Vec<Request>,
    woken: bool,
    closed: bool,
}

impl Requests {
    /// Returns false if the poll thread has ended. Of several pauses and resumes of a partition only the last is kept, so there are
    /// never more requests than partitions and assignments.
    pub(super) fn post(&self, request: Request) -> bool {
        let mut mailbox = self.mailbox.lock();
        if mailbox.closed {
            return false;
        }
        if let Some(partition) = request.pauses_or_resumes() {
            mailbox.requests.retain(|earlier| earlier.pauses_or_resumes() != Some(partition));
        }
        mailbox.requests.push(request);
        mailbox.woken = true;
        self.changed.notify_one();
        true
    }

    /// The requests since the last call, in their order.
    pub(super) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.mailbox.lock().requests)
    }

    /// Ends the poll thread's sleep, or its next one.
    pub(super) fn wake(&self) {
        self.mailbox.lock().woken = true;
        self.changed.notify_one();
    }

    /// Sleeps until there is a request or a wake-up; false if neither came in time.
    pub(super) fn sleep(&self, at_most: Duration) -> bool {
        let mut mailbox = self.mailbox.lock();
        if !mailbox.woken {
            self.changed.wait_for(&mut mailbox, at_most);
        }
        std::mem::take(&mut mailbox.woken)
    }

    /// The poll thread has ended: further requests are refused.
    pub(super) fn close(&self) {
        self.mailbox.lock().closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_keep_their_order_and_the_last_one_for_a_partition_counts() {
        let requests = Requests::default();
        let partition = |number| Partition::new("topic", number);
        let pause = |number| Request::Pause { partition: partition(number), seen: 1 };
        let resume = |number| Request::Resume { partition: partition(number), seen: 1 };
        let start = Request::Start { epoch: 1, starts: Vec::new() };
        for request in [pause(1), start.clone(), pause(2), resume(1), pause(1)] {
            assert!(requests.post(request));
        }
        assert_eq!(requests.take(), [start, pause(2), pause(1)]);
        assert_eq!(requests.take(), []);
        requests.close();
        assert!(!requests.post(resume(1)));
    }

    #[test]
    fn a_wake_up_before_the_sleep_is_not_lost() {
        let requests = Requests::default();
        requests.wake();
        assert!(requests.sleep(Duration::from_hours(1)));
        assert!(!requests.sleep(Duration::ZERO));
    }
}
