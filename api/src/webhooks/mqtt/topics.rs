//! The messages that an event makes. `docs/api.md` describes the topics.

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use vru_storage::webhooks::EventKind;

use crate::outbound::Failure;
use crate::words::{AlertKind, Word as _};

/// The protocol has two bytes for it; no id of ours comes near.
const LONGEST: usize = 4096;
/// What a level of a topic must not have.
const RESERVED: &AsciiSet = &CONTROLS.add(b'/').add(b'+').add(b'#').add(b'%');

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(super) topic: String,
    /// Empty and retained: the broker forgets what it retained.
    pub(super) payload: Bytes,
    pub(super) retain: bool,
}

/// `may_retain`: whether an open alert may be retained. It may if the webhook gets `alert.ended`, and the event is not outdated by
/// a newer one of this alert.
pub(crate) fn of_event(prefix: &str, event: &str, body: &str, may_retain: bool) -> Result<Vec<Message>, Failure> {
    let unreadable = || Failure::new("target", "the event has no topic: its body is not as expected");
    let parsed: Value = serde_json::from_str(body).map_err(|_| unreadable())?;
    let alert = &parsed["alert"];
    let text = |value: &Value| value.as_str().map(level).ok_or_else(unreadable);
    let (site, camera, id) = (text(&parsed["site_id"])?, text(&parsed["camera_id"])?, text(&alert["id"])?);
    let camera = format!("{prefix}/{site}/{camera}");
    let body = Bytes::from(body.to_owned());
    let happened = Message { topic: format!("{camera}/events"), payload: body.clone(), retain: false };
    let lasts = [AlertKind::Presence, AlertKind::Dwell].iter().any(|kind| alert["kind"] == kind.text());
    let ended = event == EventKind::Ended.word();
    let open = lasts && !ended && alert.get("ended_at").is_none();
    let topic = format!("{camera}/alerts/{id}");
    if topic.len() > LONGEST {
        return Err(Failure::new("target", format!("the topic is longer than {LONGEST} bytes")));
    }
    let mut messages = vec![happened];
    if open && may_retain {
        messages.push(Message { topic, payload: body, retain: true });
    } else if ended {
        messages.push(Message { topic, payload: Bytes::new(), retain: true });
    }
    Ok(messages)
}

/// A test call. Nothing is retained.
pub(crate) fn of_test(prefix: &str, site_id: &str, body: String) -> Message {
    Message { topic: format!("{prefix}/{}/test", level(site_id)), payload: body.into(), retain: false }
}

/// What is retained while a client is connected.
pub(crate) fn status(prefix: &str, site_id: &str, client_id: &str) -> String {
    format!("{prefix}/{}/senders/{client_id}", level(site_id))
}

fn level(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(event: &str, alert: &Value, may_retain: bool) -> Vec<(String, bool, bool)> {
        let body = json!({ "site_id": "site_1", "camera_id": "camera_1", "alert": alert }).to_string();
        let messages = of_event("vru", event, &body, may_retain).unwrap();
        assert_eq!(messages[0].payload, body);
        messages.into_iter().map(|message| (message.topic, message.retain, message.payload.is_empty())).collect()
    }

    #[test]
    fn what_is_open_is_retained_until_its_end() {
        let happened = ("vru/site_1/camera_1/events".to_owned(), false, false);
        let state = |empty| ("vru/site_1/camera_1/alerts/a".to_owned(), true, empty);
        let only = std::slice::from_ref(&happened);
        let dwell = json!({ "id": "a", "kind": "dwell" });
        assert_eq!(messages("alert.raised", &dwell, true), [happened.clone(), state(false)]);
        assert_eq!(messages("alert.acknowledged", &dwell, true), [happened.clone(), state(false)]);
        assert_eq!(messages("alert.ended", &dwell, false), [happened.clone(), state(true)]);
        assert_eq!(messages("alert.ended", &dwell, true), [happened.clone(), state(true)]);
        // Nothing would ever end these.
        assert_eq!(messages("alert.raised", &dwell, false), only);
        let ended = json!({ "id": "a", "kind": "dwell", "ended_at": "2026-01-01T00:00:00Z" });
        assert_eq!(messages("alert.acknowledged", &ended, true), only);
        for kind in [json!("line_crossing"), json!(null)] {
            assert_eq!(messages("alert.raised", &json!({ "id": "a", "kind": kind }), true), only);
        }
    }

    #[test]
    fn no_id_makes_a_level_or_a_wildcard() {
        let alert = json!({ "id": "a/+#%\n", "kind": "presence" });
        assert_eq!(messages("alert.raised", &alert, true)[1].0, "vru/site_1/camera_1/alerts/a%2F%2B%23%25%0A");
        assert!(of_event("vru", "alert.raised", "{}", true).is_err());
        assert!(of_event("vru", "alert.raised", "no JSON", true).is_err());
        let long = json!({ "site_id": "s", "camera_id": "c", "alert": { "id": "a".repeat(LONGEST) } }).to_string();
        assert!(of_event("vru", "alert.raised", &long, true).is_err());
    }
}
