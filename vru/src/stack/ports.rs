//! Ports for a demo that must not fail because something else listens already.

use std::net::{SocketAddr, TcpListener};

/// The address, or one with another port where that one is taken.
pub fn or_free(address: SocketAddr) -> SocketAddr {
    let free = |address: SocketAddr| TcpListener::bind(address).and_then(|listener| listener.local_addr()).ok();
    free(address).or_else(|| free(SocketAddr::new(address.ip(), 0))).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_replaced() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(or_free(taken), taken);
        let held = TcpListener::bind(taken).unwrap();
        let other = or_free(taken);
        assert_ne!(other.port(), held.local_addr().unwrap().port());
        assert_ne!(other.port(), 0);
    }
}
