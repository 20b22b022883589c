//! The metrics as text and as JSON.

use serde_json::json;
use vru_vision::mot::Evaluation;

/// One line per metric.
pub fn text(evaluation: &Evaluation) -> String {
    let hota = &evaluation.hota;
    let rows = [
        ("MOTA", format!("{:.3}", evaluation.mota())),
        ("IDF1", format!("{:.3}", evaluation.idf1())),
        ("HOTA", format!("{:.3}", hota.hota)),
        ("  detection", format!("{:.3}", hota.detection)),
        ("  association", format!("{:.3}", hota.association)),
        ("  localisation", format!("{:.3}", hota.localisation)),
        ("id switches", evaluation.switches.to_string()),
        ("misses", evaluation.misses.to_string()),
        ("false positives", evaluation.false_positives.to_string()),
        ("matches", evaluation.matches.to_string()),
        ("mean IoU", format!("{:.3}", evaluation.mean_iou())),
        ("boxes", evaluation.truths.to_string()),
        ("frames", evaluation.frames.to_string()),
    ];
    rows.map(|(name, value)| format!("{name:<16} {value:>7}")).join("\n")
}

/// The same numbers, unrounded.
pub fn json(evaluation: &Evaluation) -> serde_json::Value {
    let hota = &evaluation.hota;
    json!({
        "mota": evaluation.mota(),
        "idf1": evaluation.idf1(),
        "hota": hota.hota,
        "detection": hota.detection,
        "association": hota.association,
        "localisation": hota.localisation,
        "switches": evaluation.switches,
        "misses": evaluation.misses,
        "false_positives": evaluation.false_positives,
        "matches": evaluation.matches,
        "mean_iou": evaluation.mean_iou(),
        "boxes": evaluation.truths,
        "frames": evaluation.frames,
    })
}
