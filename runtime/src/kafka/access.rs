//! What a service must be allowed to do in Kafka, and what of it is missing.

use std::fmt;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::describe::{AclOperation, Description, Kind, describe};

/// The topics and groups that a service uses, and how: its least privilege.
#[derive(Debug, Clone)]
pub struct Needs {
    service: &'static str,
    needs: Vec<Need>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Need {
    kind: Kind,
    name: String,
    operation: Operation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Describe,
    Read,
    Write,
}

impl Operation {
    fn acl(self) -> AclOperation {
        match self {
            Self::Describe => AclOperation::RD_KAFKA_ACL_OPERATION_DESCRIBE,
            Self::Read => AclOperation::RD_KAFKA_ACL_OPERATION_READ,
            Self::Write => AclOperation::RD_KAFKA_ACL_OPERATION_WRITE,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == Kind::Topics { "topic" } else { "group" };
        write!(f, "{:?} on {kind} {}", self.operation, self.name)
    }
}

impl Needs {
    /// Of this service; nothing so far.
    pub fn of(service: &'static str) -> Self {
        Self { service, needs: Vec::new() }
    }

    /// It reads the topic.
    #[must_use]
    pub fn read(self, topic: &str) -> Self {
        self.with(Kind::Topics, topic, Operation::Read)
    }

    /// It writes to the topic.
    #[must_use]
    pub fn write(self, topic: &str) -> Self {
        self.with(Kind::Topics, topic, Operation::Write)
    }

    /// It is a member of the group.
    #[must_use]
    pub fn join(self, group: &str) -> Self {
        self.with(Kind::Groups, group, Operation::Read)
    }

    /// It looks at what the group has committed.
    #[must_use]
    pub fn watch(self, group: &str) -> Self {
        self.with(Kind::Groups, group, Operation::Describe)
    }

    fn with(mut self, kind: Kind, name: &str, operation: Operation) -> Self {
        let need = Need { kind, name: name.to_owned(), operation };
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
        self
    }

    fn names(&self, kind: Kind) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.needs.iter().filter(|need| need.kind == kind).map(|need| need.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Asks the brokers. Returns what is missing as one text; `None` if nothing is. Blocks up to the deadline, or until `give_up`.
    pub(super) fn missing<C: ClientContext>(
        &self,
        client: &Client<C>,
        principal: &str,
        deadline: Duration,
        give_up: &mut dyn FnMut() -> bool,
    ) -> Result<Option<String>, KafkaError> {
        let mut found = Vec::new();
        let topics = self.names(Kind::Topics);
        for kind in [Kind::Topics, Kind::Groups] {
            match describe(client, kind, &self.names(kind), deadline, give_up) {
                Ok(descriptions) => found.extend(descriptions.into_iter().map(|description| (kind, description))),
                // An old broker, or librdkafka's mock, which leaves the question unanswered: it cannot tell.
                Err(error) if cannot_tell(&error) => {}
                Err(error) if give_up() => return Err(error),
                Err(_) => drop(client.fetch_metadata(topics.first().copied(), deadline)?),
            }
        }
        Ok(self.report(principal, &found))
    }

    fn report(&self, principal: &str, found: &[(Kind, Description)]) -> Option<String> {
        let mut refused = Vec::new();
        let mut others = Vec::new();
        for need in &self.needs {
            let described = found.iter().find(|(kind, found)| *kind == need.kind && found.name == need.name);
            let Some((_, description)) = described else { continue };
            match description.error {
                Some(
                    RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::GroupAuthorizationFailed
                    | RDKafkaErrorCode::ClusterAuthorizationFailed,
                ) => refused.push(need.to_string()),
                Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                    others.push(format!("topic {} does not exist: create it", need.name));
                }
                // A group without members.
                Some(RDKafkaErrorCode::GroupIdNotFound) => {}
                Some(error) if is_unsupported(error) => {}
                Some(error) => others.push(format!("{need}: {error}")),
                None => {
                    let allowed = description.allowed.as_deref();
                    if allowed.is_some_and(|allowed| !allowed.contains(&need.operation.acl())) {
                        refused.push(need.to_string());
                    }
                }
            }
        }
        others.dedup();
        if !refused.is_empty() {
            let service = self.service;
            others.insert(0, format!("Kafka's ACLs do not allow {service} ({principal}): {}", refused.join(", ")));
        }
        (!others.is_empty()).then(|| others.join("; "))
    }
}

fn cannot_tell(error: &KafkaError) -> bool {
    error.rdkafka_error_code().is_some_and(is_unsupported)
}

fn is_unsupported(error: RDKafkaErrorCode) -> bool {
    matches!(error, RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion)
}
