//! A parser for the response of `/metrics`.

/// One scrape.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Vec<Sample>);

#[derive(Debug, Clone)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Metrics {
    /// Parses the Prometheus text format. The error names the first line that is not a metric.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples = lines.map(|line| sample(line).ok_or_else(|| format!("not a metric: {line}")));
        Ok(Self(samples.collect::<Result<_, _>>()?))
    }

    /// The sum of all series with this name and these labels; 0 when there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has =
            |sample: &Sample, (key, value): &(&str, &str)| sample.labels.iter().any(|(k, v)| k == key && v == value);
        let chosen = self.0.iter().filter(|s| s.name == name && labels.iter().all(|label| has(s, label)));
        chosen.map(|sample| sample.value).sum()
    }

    /// Like [`Metrics::sum`], for counters. Panics when the sum is not a whole number.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let sum = self.sum(name, labels);
        let count = sum as u64;
        assert!(sum >= 0.0 && (sum - count as f64).abs() < f64::EPSILON, "{name} is not a count: {sum}");
        count
    }

    /// The sums of the series with this name, by the value of one label.
    pub fn by_label(&self, name: &str, label: &str) -> std::collections::BTreeMap<String, f64> {
        let mut sums = std::collections::BTreeMap::new();
        for sample in self.0.iter().filter(|sample| sample.name == name) {
            if let Some((_, value)) = sample.labels.iter().find(|(key, _)| key == label) {
                *sums.entry(value.clone()).or_default() += sample.value;
            }
        }
        sums
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, rest)) = series.split_once('{') else {
        return Some(Sample { name: series.to_owned(), labels: Vec::new(), value });
    };
    Some(Sample { name: name.to_owned(), labels: labels(rest.strip_suffix('}')?)?, value })
}

/// Parses `key="value",…`. Values may contain escaped quotes, commas and braces.
fn labels(mut text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let (key, rest) = text.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        found.push((key.to_owned(), value));
        text = rest[end + 1..].trim_start_matches(',');
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_the_series_with_matching_labels() {
        let text = "# HELP x y\nx_total{camera=\"a\",reason=\"old, \\\"full\\\"\"} 3\nx_total{camera=\"b\",reason=\"old\"} 4\nup 1\n";
        let metrics = Metrics::parse(text).unwrap();
        assert_eq!(metrics.count("x_total", &[]), 7);
        assert_eq!(metrics.count("x_total", &[("camera", "a"), ("reason", "old, \"full\"")]), 3);
        assert_eq!(metrics.count("x_total", &[("camera", "c")]), 0);
        assert_eq!(metrics.count("up", &[]), 1);
        assert_eq!(
            metrics.by_label("x_total", "camera").into_iter().collect::<Vec<_>>(),
            [("a".to_owned(), 3.0), ("b".to_owned(), 4.0)]
        );
    }

    #[test]
    fn lines_that_are_not_metrics_are_errors() {
        assert!(Metrics::parse("<html>").is_err());
        assert!(Metrics::parse("x{a=\"b} 1").is_err());
    }
}
