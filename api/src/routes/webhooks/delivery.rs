//! A delivery as answers have it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use vru_storage::webhooks;

use crate::routes::text::time;
use crate::webhooks::WebhookEvent;

/// An event for a webhook, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Delivery {
    id: String,
    /// The same in every attempt.
    event_id: String,
    event: String,
    camera_id: String,
    state: DeliveryState,
    /// How often it was sent.
    attempts: i32,
    /// When the event was read.
    #[schema(format = DateTime)]
    queued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    last_attempt_at: Option<String>,
    /// When it is sent next, at the earliest; or, while it is sent, when another replica would take over. Absent if it waits for an earlier
    /// one of its camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When it was delivered or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// The HTTP status of the last attempt, if the target answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<i16>,
    /// Why the last attempt failed, or why it was given up, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What is posted.
    #[schema(value_type = WebhookEvent)]
    body: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeliveryState {
    /// It is sent, or waits: for its time, or for an earlier one of its camera.
    Pending,
    /// The target accepted it.
    Delivered,
    /// It was given up. Only a person or program has it sent again.
    Dead,
}

impl From<webhooks::DeliveryState> for DeliveryState {
    fn from(state: webhooks::DeliveryState) -> Self {
        match state {
            webhooks::DeliveryState::Pending => Self::Pending,
            webhooks::DeliveryState::Delivered => Self::Delivered,
            webhooks::DeliveryState::Dead => Self::Dead,
        }
    }
}

impl From<DeliveryState> for webhooks::DeliveryState {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Dead => Self::Dead,
        }
    }
}

impl From<webhooks::Delivery> for Delivery {
    fn from(delivery: webhooks::Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            event_id: delivery.event_id,
            event: delivery.event,
            camera_id: delivery.camera_id,
            state: delivery.state.into(),
            attempts: delivery.attempts,
            queued_at: time(delivery.queued_at),
            last_attempt_at: delivery.last_attempt_at.map(time),
            next_attempt_at: delivery.next_attempt_at.map(time),
            ended_at: delivery.ended_at.map(time),
            status: delivery.status,
            error: delivery.error,
            // We wrote it.
            body: serde_json::from_str(&delivery.body).unwrap_or_default(),
        }
    }
}
