use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use vru_runtime::kafka::{KafkaConfig, TopicEnds, admin};
use vru_runtime::report::chain;
use vru_storage::sink_positions;

use super::Sources;
use super::servers::Server;

/// A consumer of a topic.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Consumer {
    /// Its consumer group, or the name of the PostgreSQL sink.
    name: String,
    topic: String,
    /// How many records it has not done with. Absent if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_because: Option<String>,
}

pub(super) struct Consumers(pub(super) Vec<Consumer>);

impl Consumer {
    fn new(name: &str, topic: &str, lag: Result<u64, String>) -> Self {
        let (name, topic) = (name.to_owned(), topic.to_owned());
        match lag {
            Ok(lag) => Self { name, topic, lag: Some(lag), unknown_because: None },
            Err(why) => Self { name, topic, lag: None, unknown_because: Some(why) },
        }
    }
}

type Ends = BTreeMap<String, Result<TopicEnds, String>>;

impl Sources {
    /// The consumers, and what they say about Kafka.
    pub(super) async fn consumers(&self) -> (Consumers, Server) {
        let topics = self.kafka.topics();
        let names = [&topics.frames, &topics.file_frames, &topics.detections, &topics.alerts];
        let ends: Ends =
            join_all(names.map(async |topic| (topic.clone(), self.ends(topic).await))).await.into_iter().collect();
        // The API may lack permissions on the topics of others.
        let answered = ends.values().any(Result::is_ok);
        let failed = ends.values().find_map(|ends| ends.as_ref().err()).filter(|_| !answered);
        let kafka = Server::of(failed.map_or(Ok(()), |why| Err(why.clone())));
        let s3 = |kind: &str| format!("{}-{kind}", self.config.s3_group);
        let groups = [
            (self.config.infer_group.clone(), &topics.frames),
            (self.config.infer_group.clone(), &topics.file_frames),
            (s3("detections"), &topics.detections),
            (s3("snapshots"), &topics.alerts),
            (s3("clips"), &topics.alerts),
            (self.webhooks_group.clone(), &topics.alerts),
        ];
        let lags = join_all(groups.iter().map(async |(group, topic)| {
            let lag = match &ends[*topic] {
                Ok(ends) => self.lag(ends.clone(), group.clone()).await,
                Err(why) => Err(why.clone()),
            };
            Consumer::new(group, topic, lag)
        }));
        let (mut consumers, stored) = futures::join!(lags, self.stored(&ends));
        consumers.extend(stored);
        (Consumers(consumers), kafka)
    }

    async fn ends(&self, topic: &str) -> Result<TopicEnds, String> {
        let topic = topic.to_owned();
        self.blocking(move |kafka, deadline| {
            TopicEnds::read(&kafka, &topic, deadline).map_err(|error| chain(&error).to_string())
        })
        .await
    }

    async fn lag(&self, ends: TopicEnds, group: String) -> Result<u64, String> {
        self.blocking(move |kafka, deadline| {
            let committed = ends.committed(&kafka, &group, deadline).map_err(|error| chain(&error).to_string())?;
            if committed.is_empty() {
                return Err("the group has committed nothing in this topic".to_owned());
            }
            Ok(ends.behind(&committed))
        })
        .await
    }

    /// The PostgreSQL sink, which keeps its positions beside its rows.
    async fn stored(&self, ends: &Ends) -> Vec<Consumer> {
        let known = async {
            let cluster = self
                .blocking(|kafka, deadline| {
                    admin::cluster_id(&kafka, deadline).map_err(|error| chain(&error).to_string())
                })
                .await?;
            let cluster = cluster.ok_or("Kafka does not say which cluster it is")?;
            let client = self.database.get().await.map_err(|error| chain(&error).to_string())?;
            sink_positions::list(&client, &cluster).await.map_err(|error| chain(&error).to_string())
        };
        let known = match self.in_time(known).await {
            Ok(known) => known,
            Err(why) => return vec![Consumer::new("vru-sink-postgres", &self.kafka.topics().detections, Err(why))],
        };
        let mut positions: BTreeMap<(String, String), BTreeMap<i32, i64>> = BTreeMap::new();
        for position in known {
            let of_topic = positions.entry((position.consumer, position.topic)).or_default();
            if let Some(next) = position.next_offset {
                of_topic.insert(position.partition, next);
            }
        }
        let ours =
            positions.iter().filter_map(|((consumer, topic), next)| Some((consumer, topic, next, ends.get(topic)?)));
        ours.map(|(consumer, topic, next, ends)| {
            Consumer::new(consumer, topic, ends.as_ref().map(|ends| ends.behind(next)).map_err(Clone::clone))
        })
        .collect()
    }

    /// Librdkafka blocks its thread, up to the deadline.
    async fn blocking<T: Send + 'static>(
        &self,
        ask: impl FnOnce(KafkaConfig, Duration) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let (kafka, deadline) = (self.kafka.clone(), self.deadline);
        let asked = async { spawn_blocking(move || ask(kafka, deadline)).await.map_err(|error| error.to_string())? };
        self.in_time(asked).await
    }
}
