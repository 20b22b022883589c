use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_proto::v1::{RtspTransport, SeenStream};

/// What a camera sends.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Seen {
    /// `H264`, `H265` or `JPEG`.
    codec: String,
    /// `High, level 4.1`; absent for JPEG, or if the stream does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// Of the picture as a person sees it, in pixels.
    width: u32,
    height: u32,
    /// Measured for some seconds, by the times of the packets; absent if too few came.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames_per_second: Option<f64>,
    clock: Clock,
    transport: Transport,
    /// What the camera calls its server; absent if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    /// From the start to the first picture that could be decoded.
    first_picture_seconds: f64,
}

/// Whether the camera says what time it is. Without its time, a picture's time is that of its arrival.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
struct Clock {
    /// It has sent sender reports (RTCP), which have its time.
    sender_reports: bool,
    /// How far its clock is ahead of the host of ingest; negative: behind. The time on the network makes it seem behind by as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead_seconds: Option<f64>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TestedTransport)]
enum Transport {
    Tcp,
    Udp,
}

impl From<&SeenStream> for Seen {
    fn from(seen: &SeenStream) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let rate = (seen.frames_per_second * 100.0).round() / 100.0;
        Self {
            codec: seen.codec.clone(),
            profile: text(&seen.profile),
            width: seen.width,
            height: seen.height,
            frames_per_second: (rate > 0.0).then_some(rate),
            clock: Clock {
                sender_reports: seen.clock_ahead_us.is_some(),
                ahead_seconds: seen.clock_ahead_us.map(|micros| micros as f64 / 1e6),
            },
            transport: if seen.transport() == RtspTransport::Udp { Transport::Udp } else { Transport::Tcp },
            server: text(&seen.server),
            first_picture_seconds: f64::from(seen.first_picture_ms) / 1e3,
        }
    }
}
