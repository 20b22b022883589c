//! A webhook as requests and answers have it, and the checks before it is stored.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_storage::postgres::PooledClient;
use vru_storage::webhooks::{self, EventKind, LoginChange, WebhookSettings};

use crate::http::{Problem, Tagged};
use crate::outbound::Target;
use crate::routes::cameras::{Credentials, WantedCredentials};
use crate::routes::text::{check_display_name, time};
use crate::state::ApiState;
use crate::words::{AlertKind, Severity, Word};

const MOST_CAMERAS: usize = 1000;

/// An address that is told of alerts of the site.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook {
    id: String,
    site_id: String,
    name: String,
    url: String,
    /// Whether it has a login at a broker. Nothing shows the login itself.
    has_credentials: bool,
    enabled: bool,
    events: Vec<EventName>,
    kinds: Vec<AlertKind>,
    severities: Vec<Severity>,
    camera_ids: Vec<String>,
    state: WebhookState,
    /// When the target accepted an event last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    last_delivered_at: Option<String>,
    /// The first failed attempt since events of all cameras were accepted; absent if none fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Why the last attempt that failed did, for people; absent if none fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// Since when the oldest pending delivery waits; absent if none waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    waiting_since: Option<String>,
    /// Until when events are signed with the secret before the last one too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    old_secret_until: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    changed_at: String,
}

/// How a webhook does.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WebhookState {
    /// No event was sent yet.
    Idle,
    /// Events are accepted.
    Delivering,
    /// The last attempt for a camera failed. It is tried on; events of other cameras may be accepted meanwhile.
    Failing,
    /// It is not enabled: events wait.
    Paused,
}

/// A webhook with a secret that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: Webhook,
    /// The key of the signatures, all of it. It is not shown again.
    #[schema(example = "vruhook_…")]
    secret: String,
}

/// What a webhook can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
enum EventName {
    #[serde(rename = "alert.raised")]
    Raised,
    #[serde(rename = "alert.ended")]
    Ended,
    #[serde(rename = "alert.acknowledged")]
    Acknowledged,
}

/// A webhook that is made or changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedWebhook {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where events are posted to: `https://…`, or the MQTT broker to which they are published: `mqtts://HOST:PORT/PREFIX`, where topics
    /// begin with the prefix, or with `vru`. Of the public internet unless the operator of the service allows more.
    #[schema(max_length = 2048)]
    url: String,
    /// The login at a broker. Absent: as before. `null`: none. Nothing shows it again. It must be there when the address names another
    /// broker than before.
    #[serde(default)]
    #[schema(value_type = Option<Credentials>)]
    credentials: WantedCredentials,
    /// If false, nothing is sent, and events wait: for a day at most.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
    /// Absent: all.
    #[serde(default = "all_events")]
    #[schema(min_items = 1)]
    events: Vec<EventName>,
    /// Alerts of which kinds. Absent: all but line crossings, which can be many.
    #[serde(default = "usual_kinds")]
    #[schema(min_items = 1)]
    kinds: Vec<AlertKind>,
    /// Alerts of which severities. Absent or empty: all.
    #[serde(default)]
    severities: Vec<Severity>,
    /// Alerts of which cameras of the site. Absent or empty: all.
    #[serde(default)]
    #[schema(max_items = 1000)]
    camera_ids: Vec<String>,
}

fn yes() -> bool {
    true
}

fn all_events() -> Vec<EventName> {
    EventKind::ALL.into_iter().map(EventName::from).collect()
}

fn usual_kinds() -> Vec<AlertKind> {
    vec![AlertKind::Presence, AlertKind::Dwell]
}

impl From<EventKind> for EventName {
    fn from(event: EventKind) -> Self {
        match event {
            EventKind::Raised => Self::Raised,
            EventKind::Ended => Self::Ended,
            EventKind::Acknowledged => Self::Acknowledged,
        }
    }
}

impl From<EventName> for EventKind {
    fn from(name: EventName) -> Self {
        match name {
            EventName::Raised => Self::Raised,
            EventName::Ended => Self::Ended,
            EventName::Acknowledged => Self::Acknowledged,
        }
    }
}

impl From<webhooks::Webhook> for Webhook {
    fn from(webhook: webhooks::Webhook) -> Self {
        let WebhookSettings { name, url, enabled, events, kinds, severities, camera_ids } = webhook.settings;
        let state = match (enabled, webhook.failing_since, webhook.last_delivered_at) {
            (false, ..) => WebhookState::Paused,
            (true, Some(_), _) => WebhookState::Failing,
            (true, None, Some(_)) => WebhookState::Delivering,
            (true, None, None) => WebhookState::Idle,
        };
        Self {
            id: webhook.id,
            site_id: webhook.site_id,
            name,
            url,
            has_credentials: webhook.has_credentials,
            enabled,
            events: events.into_iter().map(EventName::from).collect(),
            kinds: kinds.into_iter().filter_map(AlertKind::word).collect(),
            severities: severities.into_iter().filter_map(Severity::word).collect(),
            camera_ids,
            state,
            last_delivered_at: webhook.last_delivered_at.map(time),
            failing_since: webhook.failing_since.map(time),
            last_error: webhook.last_error,
            waiting_since: webhook.waiting_since.map(time),
            old_secret_until: webhook.old_secret_until.map(time),
            created_at: time(webhook.created_at),
            changed_at: time(webhook.changed_at),
        }
    }
}

impl From<webhooks::Webhook> for Tagged<Webhook> {
    fn from(webhook: webhooks::Webhook) -> Self {
        Self { version: webhook.version, body: webhook.into() }
    }
}

/// The answer that shows the secret.
pub(super) fn with_secret(webhook: webhooks::Webhook, secret: &str) -> Tagged<WebhookWithSecret> {
    let version = webhook.version;
    Tagged { version, body: WebhookWithSecret { webhook: webhook.into(), secret: secret.to_owned() } }
}

impl WantedWebhook {
    /// As it is stored, and what becomes of the login. Names the field that is wrong.
    pub(super) async fn checked(
        self,
        state: &ApiState,
        client: &PooledClient,
        site_id: &str,
        before: Option<&webhooks::Webhook>,
    ) -> Result<(WebhookSettings, LoginChange), Problem> {
        let Self { name, url, credentials, enabled, events, kinds, severities, mut camera_ids } = self;
        check_display_name("name", &name)?;
        let target = state.webhooks.outbound.target(&url).map_err(|problem| Problem::field("url", problem))?;
        if events.is_empty() {
            return Err(Problem::field("events", "is empty: it would be told of nothing"));
        }
        if kinds.is_empty() {
            return Err(Problem::field("kinds", "is empty: it would be told of nothing"));
        }
        if camera_ids.len() > MOST_CAMERAS {
            return Err(Problem::field(
                "camera_ids",
                format!("has {} ids, more than {MOST_CAMERAS}", camera_ids.len()),
            ));
        }
        // The database refuses texts with a zero byte.
        if let Some(id) = camera_ids.iter().find(|id| id.contains('\0')) {
            return Err(Problem::field("camera_ids", format!("has {id:?}, which is no camera of the site")));
        }
        camera_ids.sort_unstable();
        camera_ids.dedup();
        if let Some(foreign) = webhooks::foreign_cameras(client, site_id, &camera_ids).await?.first() {
            return Err(Problem::field("camera_ids", format!("has {foreign:?}, which is no camera of the site")));
        }
        let mut known: Vec<EventKind> = Vec::new();
        for event in events.into_iter().map(EventKind::from) {
            if !known.contains(&event) {
                known.push(event);
            }
        }
        let (kinds, severities) = (numbers(kinds), numbers(severities));
        let login = login_change(state, credentials, &target, before)?;
        let url = target.text();
        Ok((WebhookSettings { name, url, enabled, events: known, kinds, severities, camera_ids }, login))
    }
}

/// A login never goes to another server than the one that it was given for: who may change the address may not read it.
fn login_change(
    state: &ApiState,
    wanted: WantedCredentials,
    target: &Target,
    before: Option<&webhooks::Webhook>,
) -> Result<LoginChange, Problem> {
    let has_login = before.is_some_and(|webhook| webhook.has_credentials);
    let moves = || {
        let before = before.and_then(|webhook| state.webhooks.outbound.target(&webhook.settings.url).ok());
        !before.is_some_and(|before| before.same_server(target))
    };
    match wanted {
        WantedCredentials::New(_) if !target.is_broker() => {
            Err(Problem::field("credentials", "are for brokers: the address begins neither with mqtts: nor with mqtt:"))
        }
        WantedCredentials::New(credentials) => {
            let (username, password) = credentials.checked()?;
            state.webhooks.secrets.seal_login(username, password).map(LoginChange::New)
        }
        WantedCredentials::None => Ok(LoginChange::Removed),
        WantedCredentials::AsBefore if has_login && !target.is_broker() => Ok(LoginChange::Removed),
        WantedCredentials::AsBefore if has_login && moves() => {
            let detail = "are of the broker at the address before: give them again, or `null` for none";
            Err(Problem::field("credentials", detail))
        }
        WantedCredentials::AsBefore => Ok(LoginChange::Stays),
    }
}

/// Each once.
fn numbers<T: Word>(words: Vec<T>) -> Vec<i16> {
    let mut numbers: Vec<i16> = words.into_iter().map(Word::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// For routes that answer with 404.
pub(super) async fn find(client: &PooledClient, site_id: &str, id: &str) -> Result<webhooks::Webhook, Problem> {
    webhooks::find(client, site_id, id).await?.ok_or_else(|| Problem::not_found("webhook"))
}

/// If the webhook that a request is for exists, it has another version than the request says.
pub(super) async fn changed_or_gone(client: &PooledClient, site_id: &str, id: &str) -> Problem {
    match find(client, site_id, id).await {
        Ok(_) => Problem::changed_meanwhile(),
        Err(problem) => problem,
    }
}
