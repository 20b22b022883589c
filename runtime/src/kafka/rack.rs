//! The rack, as a rule the zone, of this process: consumers fetch from a replica there instead of from the leader of a partition, because
//! traffic between zones costs ([decision 0096](../../../docs/decisions/0096-consumers-read-in-their-zone.md)).

use super::config::KafkaConfig;
use crate::config::Problems;

/// What the settings say of the rack.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rack<'a> {
    /// No zone is given.
    Unset,
    /// The brokers have names of their own, and none for this zone.
    Unnamed(&'a str),
    /// By the brokers' name of it.
    Named(&'a str),
}

impl KafkaConfig {
    pub(super) fn rack(&self) -> Rack<'_> {
        let zone = self.client_rack.as_str();
        if zone.is_empty() {
            return Rack::Unset;
        }
        if self.rack_names.is_empty() {
            return Rack::Named(zone);
        }
        let mut names = self.rack_names.split(',').filter_map(pair);
        names.find(|(known, _)| *known == zone).map_or(Rack::Unnamed(zone), |(_, rack)| Rack::Named(rack))
    }

    /// Says once, when a service starts, where its consumers fetch.
    pub(super) fn log_rack(&self) {
        match self.rack() {
            Rack::Unset => tracing::info!("consumers fetch from leaders in any zone: kafka.client_rack is empty"),
            Rack::Unnamed(zone) => {
                tracing::warn!(
                    zone,
                    "consumers fetch from leaders in any zone: kafka.rack_names does not name this zone"
                );
            }
            Rack::Named(rack) => tracing::info!(rack, "consumers fetch from replicas in their rack"),
        }
    }

    pub(super) fn validate_rack(&self, problems: &mut Problems) {
        let mut seen = Vec::new();
        for text in self.rack_names.split(',').filter(|_| !self.rack_names.is_empty()) {
            match pair(text) {
                None => problems.at("rack_names", format!("`{text}` is not zone=rack")),
                Some((zone, _)) if seen.contains(&zone) => {
                    problems.at("rack_names", format!("names the zone `{zone}` twice"));
                }
                Some((zone, _)) => seen.push(zone),
            }
        }
        for (value, key) in [(&self.client_rack, "client_rack"), (&self.rack_names, "rack_names")] {
            problems.require(!value.contains('\0'), key, "contains a zero byte");
        }
    }
}

fn pair(text: &str) -> Option<(&str, &str)> {
    let (zone, rack) = text.split_once('=')?;
    let (zone, rack) = (zone.trim(), rack.trim());
    (!zone.is_empty() && !rack.is_empty() && !rack.contains('=')).then_some((zone, rack))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(client_rack: &str, rack_names: &str) -> KafkaConfig {
        KafkaConfig { client_rack: client_rack.to_owned(), rack_names: rack_names.to_owned(), ..KafkaConfig::default() }
    }

    const NAMES: &str = "eu-central-1a=euc1-az2, eu-central-1b=euc1-az3";

    #[test]
    fn clients_get_the_brokers_name_of_the_zone() {
        for (zone, names, wanted) in [
            ("", "", None),
            ("", NAMES, None),
            ("eu-central-1a", "", Some("eu-central-1a")),
            ("eu-central-1a", NAMES, Some("euc1-az2")),
            ("eu-central-1b", NAMES, Some("euc1-az3")),
            ("eu-central-1c", NAMES, None),
        ] {
            let config = config(zone, names);
            assert_eq!(config.client("test", &[]).get("client.rack"), wanted, "{zone} of {names}");
        }
        assert_eq!(config("eu-central-1c", NAMES).rack(), Rack::Unnamed("eu-central-1c"));
    }

    #[test]
    fn names_that_are_no_pairs_are_refused() {
        for (names, wanted) in [
            ("eu-central-1a", "`eu-central-1a` is not zone=rack"),
            ("a=b,", "`` is not zone=rack"),
            ("a=", "`a=` is not zone=rack"),
            ("a=b=c", "`a=b=c` is not zone=rack"),
            ("a=b,a=c", "names the zone `a` twice"),
        ] {
            let mut problems = Problems::default();
            config("a", names).validate_rack(&mut problems);
            assert!(problems.found().iter().any(|problem| problem.contains(wanted)), "{names}: {:?}", problems.found());
        }
        let mut problems = Problems::default();
        config("a", NAMES).validate_rack(&mut problems);
        assert_eq!(problems.found().len(), 0);
    }
}
