//! Why a test failed: a word for programs, and words for an engineer.

use std::io::ErrorKind;
use std::time::Duration;

use vru_proto::v1::FailedTest;
use vru_runtime::report::chain;

use crate::error::SourceError;
use crate::source::Facts;

/// The camera did not do what was waited for within the time of the test.
pub(super) fn timed_out(url: &str, after: Duration, facts: &Facts) -> FailedTest {
    if let Some(failed) = unusable_streams(url, facts) {
        return failed;
    }
    let text = format!("{url} gave no picture within {after:?}: {}", facts.phase().missing());
    failed("timeout", text, facts)
}

/// The camera offers streams, and none with video that we support.
fn unusable_streams(url: &str, facts: &Facts) -> Option<FailedTest> {
    let streams = facts.unusable_streams()?;
    let video: Vec<&str> =
        streams.iter().filter(|stream| stream.media == "video").map(|stream| stream.codec.as_str()).collect();
    Some(if video.is_empty() {
        let others: Vec<&str> = streams.iter().map(|stream| stream.media.as_str()).collect();
        let text = format!("{url} offers no video, only {}; check the path of the URL", others.join(" and "));
        failed("no_video", text, facts)
    } else {
        let codecs = video.join(" and ");
        let text = format!("{url} sends {codecs}; change the camera's codec to H.264, H.265 or JPEG");
        failed("unsupported_codec", text, facts)
    })
}

fn failed(reason: &str, text: String, facts: &Facts) -> FailedTest {
    FailedTest { reason: reason.to_owned(), phase: facts.phase().word().to_owned(), text }
}

/// Nobody tried it, or nobody did to the end.
pub(super) fn untried(reason: &str, text: impl Into<String>) -> FailedTest {
    FailedTest { reason: reason.to_owned(), phase: String::new(), text: text.into() }
}

/// The connection failed.
pub(super) fn of_source(error: &SourceError, after: Duration, facts: &Facts) -> FailedTest {
    let (reason, text) = match error {
        SourceError::OpenTimedOut { url, .. } => return timed_out(url, after, facts),
        // The pipeline fails too, and says less.
        SourceError::NoVideo { url } | SourceError::Stream { url, .. } | SourceError::Ended { url }
            if facts.unusable_streams().is_some() =>
        {
            return timed_out(url, after, facts);
        }
        SourceError::Connect { source, .. } => {
            let (reason, advice) = match source.kind() {
                ErrorKind::ConnectionRefused => (
                    "port_closed",
                    "the host answers, and nothing listens at this port: check the port, and whether RTSP is on",
                ),
                ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => (
                    "no_route",
                    "no network path leads to the host: check its address, its power, and the routes from ingest",
                ),
                ErrorKind::TimedOut => ("no_answer", "no packet came back: check the address, and the firewall"),
                _ => ("connect", "check the address"),
            };
            (reason, format!("{}; {advice}", chain(error)))
        }
        SourceError::Stream { url, .. } if facts.refused().is_some() => {
            let answer = facts.refused().unwrap_or_default();
            let (reason, advice) = match answer.status {
                404 => ("unknown_path", "it has no stream of this name; check the path of the URL"),
                461 => ("transport_refused", "choose the other transport (TCP or UDP)"),
                453 | 503 => ("camera_busy", "it may have too many clients"),
                _ => ("request_refused", "check the URL, and the camera's log"),
            };
            (reason, format!("{url} answered {} to {}: {advice}", answer.line, answer.method))
        }
        SourceError::Lookup { .. } => ("unknown_host", format!("{}; check the name", chain(error))),
        SourceError::Forbidden { .. } => ("network_not_allowed", chain(error).to_string()),
        SourceError::LoginRefused { .. } => ("password_refused", chain(error).to_string()),
        SourceError::LoginMissing { .. } => ("password_missing", chain(error).to_string()),
        SourceError::LoginUnsupported { .. } => ("login_method", chain(error).to_string()),
        SourceError::Tls { .. } => ("tls", chain(error).to_string()),
        SourceError::Credentials(_) => ("credentials", chain(error).to_string()),
        SourceError::Url { .. } => ("url", chain(error).to_string()),
        _ => (error.kind(), chain(error).to_string()),
    };
    failed(reason, text, facts)
}
