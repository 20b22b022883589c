use axum::http::{HeaderMap, header};

/// Whether the client names this media type in `Accept`.
pub(crate) fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().unwrap_or_default().trim() == media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_asks_for_a_type_by_its_name() {
        const PARQUET: &str = "application/vnd.apache.parquet";
        for (accept, asked) in [
            (PARQUET, true),
            ("application/json, application/vnd.apache.parquet;q=0.5", true),
            ("*/*", false),
            ("application/json", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(accepts(&headers, PARQUET), asked, "{accept}");
        }
    }
}
