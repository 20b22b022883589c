//! Webhooks: events of alerts are read from Kafka, wait in PostgreSQL, and are posted to the addresses that a site's webhooks name
//! ([decision 57](../../../docs/decisions/0057-webhooks.md)).
//!
//! - `consumer`: alerts become deliveries. `event`: what a delivery says.
//! - `sender`: sends what is due, one delivery of a camera at a time. `post`: one attempt. `signature`, `secrets`: what proves that a request
//!   is ours.
//! - `mqtt`: events for brokers.
//! - `maintenance`: what ended is deleted, and what waits is shown.

mod config;
mod consumer;
mod event;
mod maintenance;
mod mqtt;
mod post;
mod secrets;
mod sender;
mod signature;

use std::sync::Arc;

use tokio::sync::Semaphore;
use vru_runtime::cameras::SealingKey;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::shutdown::Shutdown;
use vru_storage::postgres::Pool;
use vru_storage::webhooks::SealedSecrets;

pub use config::WebhooksConfig;
pub(crate) use event::{AlertOfEvent, WebhookEvent, acknowledged};
pub(crate) use secrets::WebhookSecrets;
use sender::Sender;
pub(crate) use signature::Signed;

use crate::outbound::{Failure, Outbound, Reach, Target};
use mqtt::{Broker, Brokers};

/// How many test calls are made at once.
const TESTS: usize = 4;

/// What the routes of webhooks use. Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Webhooks {
    pub(crate) secrets: WebhookSecrets,
    pub(crate) outbound: Outbound,
    brokers: Brokers,
    pub(crate) tests: Arc<Semaphore>,
}

impl Webhooks {
    pub(crate) fn new(key: Option<&SealingKey>, config: &WebhooksConfig) -> anyhow::Result<Self> {
        Ok(Self {
            secrets: WebhookSecrets::new(key),
            outbound: Outbound::new(
                &config.ca,
                Reach::new(&config.allowed_networks, "webhooks.allowed_networks").and_brokers(),
                config.timeout,
            )?,
            brokers: Brokers::default(),
            tests: Arc::new(Semaphore::new(TESTS)),
        })
    }

    fn broker(
        &self,
        target: Target,
        webhook_id: &str,
        site_id: &str,
        sealed: &SealedSecrets,
    ) -> Result<Broker, Failure> {
        let login = sealed.credentials.as_ref().map(|login| {
            let opened = self.secrets.login(login);
            opened.map_err(|why| Failure::new("secret", format!("the login at the broker {why}")))
        });
        let (webhook_id, site_id) = (webhook_id.to_owned(), site_id.to_owned());
        Ok(Broker { webhook_id, site_id, target, login: login.transpose()? })
    }

    /// Publishes a test event now.
    pub(crate) async fn publish_test(
        &self,
        target: Target,
        webhook_id: &str,
        site_id: &str,
        sealed: &SealedSecrets,
        body: String,
    ) -> Result<(), Failure> {
        let message = mqtt::of_test(target.prefix(), site_id, body);
        let broker = self.broker(target, webhook_id, site_id, sealed)?;
        self.brokers.deliver(&self.outbound, &broker, vec![message]).await
    }

    /// Starts what reads events, what sends them, and what tidies up.
    pub(crate) fn start(&self, config: &WebhooksConfig, kafka: &KafkaConfig, database: &Pool, shutdown: &Shutdown) {
        let stop = &shutdown.soft;
        let reading = consumer::run(config.clone(), kafka.clone(), database.clone(), stop.clone());
        shutdown.spawn_essential("the reader of events for webhooks", reading);
        let sender = Sender::new(self.clone(), config.clone(), database.clone(), stop.clone());
        shutdown.spawn_essential("the sender of webhooks", sender.run());
        let tidying = maintenance::run(config.clone(), database.clone(), stop.clone());
        shutdown.spawn_essential("the maintenance of webhooks", tidying);
    }
}
