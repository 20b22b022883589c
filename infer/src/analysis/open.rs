//! Alerts that go on, as they travel with the detections.

use vru_proto::v1;
use vru_vision::rules::{Finding, FrameStamp, Judgement, Place, Progress};

use super::wire::{
    box_to_wire, class_from_wire, class_to_wire, kind_from_wire, kind_to_wire, rect_from_wire, severity_from_wire,
    severity_to_wire,
};

/// What was raised and goes on, as a message.
pub(super) fn open_alert(judgement: Judgement) -> Option<v1::OpenAlert> {
    let Judgement { rule_id, kind, severity, finding } = judgement;
    let Place::Zone(zone_id) = finding.place else { return None };
    Some(v1::OpenAlert {
        rule_id,
        kind: kind_to_wire(kind).into(),
        severity: severity_to_wire(severity).into(),
        zone_id,
        track_ids: finding.track_ids,
        occurrence: finding.occurrence,
        class: class_to_wire(finding.class).into(),
        r#box: Some(box_to_wire(&finding.rect)),
        sequence: finding.frame.sequence,
        captured_at_us: finding.frame.captured_at_us,
        began_at_us: finding.began_at_us,
        seen_at_us: finding.ended_at_us?,
    })
}

/// The judgement as it would end now, without a reason. `None` if this version does not know what it is about.
pub(super) fn judgement(open: &v1::OpenAlert) -> Option<Judgement> {
    Some(Judgement {
        rule_id: open.rule_id.clone(),
        kind: kind_from_wire(open.kind())?,
        severity: severity_from_wire(open.severity()),
        finding: Finding {
            progress: Progress::Ended,
            place: Place::Zone(open.zone_id.clone()),
            direction: None,
            track_ids: open.track_ids.clone(),
            occurrence: open.occurrence,
            class: class_from_wire(open.class())?,
            rect: rect_from_wire(open.r#box.as_ref()?),
            frame: FrameStamp { sequence: open.sequence, captured_at_us: open.captured_at_us },
            began_at_us: open.began_at_us,
            ended_at_us: Some(open.seen_at_us),
            end_reason: None,
        },
    })
}
