//! Makes the track URLs of a session description absolute. `rtspsrc` of GStreamer 1.22 joins them with the base URL as the standard of URLs says,
//! which drops the query of the base. Cameras expect that a client appends them, as older clients do.

/// Returns the description with an absolute `a=control` in each track. The only track of a description may have none: it is at `base`.
pub(super) fn with_absolute_controls(description: &[u8], base: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(description);
    let mut tracks = 0;
    let mut controls = 0;
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim_end) {
        tracks += usize::from(line.starts_with("m="));
        let control = line.strip_prefix("a=control:").filter(|_| tracks > 0);
        controls += usize::from(control.is_some());
        lines.push(
            control.map_or_else(|| line.to_owned(), |control| format!("a=control:{}", joined(base, control.trim()))),
        );
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if tracks == 1 && controls == 0 {
        lines.push(format!("a=control:{base}"));
    }
    lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
}

fn joined(base: &str, control: &str) -> String {
    if control.starts_with("rtsp://") || control.starts_with("rtsps://") {
        return control.to_owned();
    }
    if control.is_empty() || control == "*" {
        return base.to_owned();
    }
    if control.starts_with('/')
        && let Some((scheme, rest)) = base.split_once("://")
    {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        return format!("{scheme}://{host}{control}");
    }
    let slash = if base.ends_with('/') || control.starts_with('?') { "" } else { "/" };
    format!("{base}{slash}{control}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_appended_to_the_base() {
        for (base, control, url) in [
            ("rtsp://h/live", "track1", "rtsp://h/live/track1"),
            ("rtsp://h/live/", "track1", "rtsp://h/live/track1"),
            ("rtsp://h/cam?channel=1&x=Onvif/", "trackID=0", "rtsp://h/cam?channel=1&x=Onvif/trackID=0"),
            ("rtsp://h/cam?channel=1", "trackID=0", "rtsp://h/cam?channel=1/trackID=0"),
            ("rtsp://h:8554/a/b?c", "/d/track1", "rtsp://h:8554/d/track1"),
            ("rtsp://h", "track1", "rtsp://h/track1"),
            ("rtsp://h/live", "?ctype=video", "rtsp://h/live?ctype=video"),
            ("rtsp://h/live", "*", "rtsp://h/live"),
            ("rtsp://h/live", "rtsp://other/1?x", "rtsp://other/1?x"),
        ] {
            assert_eq!(joined(base, control), url);
        }
    }

    #[test]
    fn only_controls_of_tracks_change_and_a_missing_one_is_added_where_it_is_clear() {
        let change = |text: &str| String::from_utf8(with_absolute_controls(text.as_bytes(), "rtsp://h/x")).unwrap();
        assert_eq!(
            change("v=0\na=control:*\nm=video 0 RTP/AVP 96\na=control:1 \nm=audio 0 RTP/AVP 0\n\n"),
            "v=0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=control:rtsp://h/x/1\r\nm=audio 0 RTP/AVP 0\r\n"
        );
        assert_eq!(
            change("v=0\r\nm=video 0 RTP/AVP 96\r\n"),
            "v=0\r\nm=video 0 RTP/AVP 96\r\na=control:rtsp://h/x\r\n"
        );
        assert_eq!(change(""), "");
    }
}
