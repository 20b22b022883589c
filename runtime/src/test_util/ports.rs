//! Free ports for servers that tests start.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

// Below Linux's ephemeral range: an outgoing connection must not take the port of a server during its restart.
const FIRST: u16 = 15_000;
const COUNT: u16 = 16_000;
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that is free for TCP and UDP. A process gets each port once; processes that run at the same time start the search at different
/// ports.
pub fn free_port() -> u16 {
    let start = (std::process::id().wrapping_mul(97) % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (u32::from(start) + u32::from(step)).rem_euclid(u32::from(COUNT)) as u16;
        let address = (Ipv4Addr::UNSPECIFIED, port);
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return port;
        }
    }
    panic!("no free port from {FIRST} to {}", FIRST + COUNT - 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_ports_in_use() {
        let port = free_port();
        let _held = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!((0..10).all(|_| free_port() != port));
    }
}
