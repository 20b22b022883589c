//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use vru_runtime::networks::Network;

use crate::state::ApiState;

/// The address of the client: of the connection, or what a proxy that is trusted says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequestParts<ApiState> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip().to_canonical());
        Ok(Self(behind_proxies(peer, &parts.headers, &state.config.http.proxies)))
    }
}

/// Each proxy appends whom it serves, so the last address that is not a trusted proxy's is the client's. What stands before it was said by
/// the client.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let mut client = peer;
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .collect();
    for address in forwarded.iter().rev() {
        let Ok(address) = address.parse::<IpAddr>() else { break };
        if !proxies.iter().any(|proxy| proxy.contains(client)) {
            break;
        }
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_trusted_proxies_say_whom_they_serve() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let networks = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Network>>();
        let (proxy, other, client) = (address("10.0.0.1"), address("10.0.0.2"), address("203.0.113.7"));
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.1, 203.0.113.7"));
        assert_eq!(behind_proxies(proxy, &headers, &[]), proxy);
        assert_eq!(behind_proxies(other, &headers, &networks(&["10.0.0.1"])), other);
        // What the client itself wrote before does not count.
        assert_eq!(behind_proxies(proxy, &headers, &networks(&["10.0.0.1"])), client);
        headers.append("x-forwarded-for", HeaderValue::from_static("10.0.0.2"));
        assert_eq!(behind_proxies(proxy, &headers, &networks(&["10.0.0.1", "10.0.0.2"])), client);
        // A load balancer has any address of its subnet.
        assert_eq!(behind_proxies(proxy, &headers, &networks(&["10.0.0.0/30"])), client);
        assert_eq!(behind_proxies(address("10.0.0.4"), &headers, &networks(&["10.0.0.0/30"])), address("10.0.0.4"));
        headers.append("x-forwarded-for", HeaderValue::from_static("unknown"));
        assert_eq!(behind_proxies(proxy, &headers, &networks(&["10.0.0.0/30"])), proxy);
    }
}
