//! Free ports: the demo must start although other programs use the usual ones.

use std::net::{SocketAddr, TcpListener};

/// The address if its port is free, else the same host with a free port.
pub fn or_free(address: SocketAddr) -> SocketAddr {
    let free = |address: SocketAddr| TcpListener::bind(address).and_then(|listener| listener.local_addr()).ok();
    free(address).or_else(|| free(SocketAddr::new(address.ip(), 0))).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_replaced() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(or_free(taken), taken);
        let held = TcpListener::bind(taken).unwrap();
        let other = or_free(taken);
        assert_ne!(other.port(), held.local_addr().unwrap().port());
        assert_ne!(other.port(), 0);
    }
}
