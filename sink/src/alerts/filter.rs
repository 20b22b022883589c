use vru_proto::v1;

use super::encoded_alert::EncodedAlert;

/// What a subscriber asked for.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    camera_ids: Vec<String>,
    zone_ids: Vec<String>,
    rule_ids: Vec<String>,
    severities: Vec<i32>,
    kinds: Vec<i32>,
    states: Vec<i32>,
    pub(crate) include_snapshot: bool,
}

impl Filter {
    pub(crate) fn new(request: v1::SubscribeRequest) -> Self {
        let v1::SubscribeRequest {
            camera_ids,
            zone_ids,
            rule_ids,
            severities,
            kinds,
            states,
            include_snapshot,
            resume_token: _,
        } = request;
        Self { camera_ids, zone_ids, rule_ids, severities, kinds, states, include_snapshot }
    }

    /// Values in all fields together.
    pub(crate) fn values(&self) -> usize {
        let texts = self.camera_ids.len() + self.zone_ids.len() + self.rule_ids.len();
        texts + self.severities.len() + self.kinds.len() + self.states.len()
    }

    /// Whether the alert matches one value of every field; an empty field matches every alert.
    pub(crate) fn passes(&self, alert: &EncodedAlert) -> bool {
        let among = |wanted: &[i32], found: i32| wanted.is_empty() || wanted.contains(&found);
        let matches = |wanted: &[String], found: &String| wanted.is_empty() || wanted.contains(found);
        matches(&self.camera_ids, &alert.camera_id)
            && matches(&self.zone_ids, &alert.zone_id)
            && matches(&self.rule_ids, &alert.rule_id)
            && among(&self.severities, alert.severity)
            && among(&self.kinds, alert.kind.into())
            && among(&self.states, alert.state.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_must_match_one_of_its_values() {
        let alert = v1::Alert {
            camera_id: "cam".to_owned(),
            rule_id: "rule".to_owned(),
            severity: v1::Severity::Warning.into(),
            ..Default::default()
        };
        let alert = EncodedAlert::new(0, 7, alert);
        let passes = |request| Filter::new(request).passes(&alert);
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert!(passes(v1::SubscribeRequest::default()));
        assert!(passes(v1::SubscribeRequest { camera_ids: owned(&["x", "cam"]), ..Default::default() }));
        assert!(!passes(v1::SubscribeRequest { camera_ids: owned(&["x"]), ..Default::default() }));
        assert!(!passes(v1::SubscribeRequest {
            camera_ids: owned(&["cam"]),
            rule_ids: owned(&["other"]),
            ..Default::default()
        }));
        assert!(!passes(v1::SubscribeRequest { severities: vec![v1::Severity::Info.into()], ..Default::default() }));
        // An alert from before kinds and states is presence that was raised.
        let kind = |kind: v1::AlertKind| v1::SubscribeRequest { kinds: vec![kind.into()], ..Default::default() };
        assert!(passes(kind(v1::AlertKind::Presence)) && !passes(kind(v1::AlertKind::LineCrossing)));
        let state = |state: v1::AlertState| v1::SubscribeRequest { states: vec![state.into()], ..Default::default() };
        assert!(passes(state(v1::AlertState::Raised)) && !passes(state(v1::AlertState::Ended)));
    }
}
