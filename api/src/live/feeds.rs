//! What all feeds of a replica share.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use vru_live::{LiveFeed, Viewer};
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::live::LiveStore;
use vru_runtime::shutdown::Shutdown;
use vru_storage::postgres::Pool;

use super::config::LiveConfig;
use super::events::{Events, Listener};
use super::metrics;
use super::places;
use crate::http::{Place, Places, Problem};

/// What feeds share. Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Feeds {
    live: LiveFeed,
    events: Events,
    places: Places,
    pub(super) stop: CancellationToken,
    tasks: TaskTracker,
}

impl Feeds {
    /// `states`: the store of the cameras' live states; `None` if there is none.
    pub(crate) fn start(
        config: &LiveConfig,
        kafka: &KafkaConfig,
        database: &Pool,
        states: Option<LiveStore>,
        shutdown: &Shutdown,
    ) -> std::io::Result<Self> {
        metrics::init();
        let events = Events::new();
        let reading = events.clone().run(kafka.clone(), database.clone(), states, shutdown.soft.clone());
        shutdown.spawn_essential("the reader of events", reading);
        Ok(Self {
            live: LiveFeed::start(kafka.clone(), &config.options(), shutdown)?,
            events,
            places: Places::new(config.max_feeds, config.max_feeds_per_caller),
            stop: shutdown.soft.clone(),
            tasks: shutdown.tracker.clone(),
        })
    }

    /// A place for one more feed of this caller.
    pub(crate) fn place(&self, caller: String) -> Result<Place, Problem> {
        places::take(&self.places, caller)
    }

    /// The service waits for its holder when it stops.
    pub(crate) fn task(&self) -> TaskTrackerToken {
        self.tasks.token()
    }

    pub(super) fn listen(&self, site: &str) -> Listener {
        self.events.listen(site)
    }

    pub(super) fn viewer(&self) -> Viewer {
        self.live.viewer()
    }
}
