//! Bounds the open connections. A connection is pending until its publisher sends; pending connections are what anybody can open, so
//! they are bounded for each address, and give way when the server is full.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::address::group;
use super::refusal::Reason;

/// The open connections of one server.
#[derive(Debug)]
pub(super) struct Admission {
    max_connections: usize,
    max_pending_per_address: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// All connections, except those that were displaced and are about to close.
    count: usize,
    next_id: u64,
    /// By address, the oldest first.
    pending: HashMap<IpAddr, VecDeque<Pending>>,
}

#[derive(Debug)]
struct Pending {
    id: u64,
    displaced: CancellationToken,
}

impl Open {
    /// Removes a pending connection; false when it was displaced before.
    fn take(&mut self, address: IpAddr, id: u64) -> bool {
        let Some(pending) = self.pending.get_mut(&address) else { return false };
        let before = pending.len();
        pending.retain(|other| other.id != id);
        let found = pending.len() < before;
        if pending.is_empty() {
            self.pending.remove(&address);
        }
        found
    }

    /// Closes the oldest pending connection of the address with the most of them. False when there is none, or when `address` would
    /// then have more than the others.
    fn displace_for(&mut self, address: IpAddr) -> bool {
        let own = self.pending.get(&address).map_or(0, VecDeque::len);
        let Some((most, count)) = self.pending.iter().map(|(key, list)| (*key, list.len())).max_by_key(|(_, n)| *n)
        else {
            return false;
        };
        if own >= count {
            return false;
        }
        let oldest = self.pending.get_mut(&most).and_then(VecDeque::pop_front);
        self.pending.retain(|_, list| !list.is_empty());
        if let Some(oldest) = oldest {
            oldest.displaced.cancel();
            self.count -= 1;
        }
        true
    }
}

impl Admission {
    pub(super) fn new(max_connections: usize, max_pending_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max_connections, max_pending_per_address, open: Mutex::default() })
    }

    /// Admits a new connection, and displaces a pending one if the server is full.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Slot, Reason> {
        let address = group(address);
        let mut open = self.open.lock();
        if open.pending.get(&address).map_or(0, VecDeque::len) >= self.max_pending_per_address {
            return Err(Reason::TooManyOfAddress);
        }
        if open.count >= self.max_connections && !open.displace_for(address) {
            return Err(Reason::TooManyConnections);
        }
        open.count += 1;
        open.next_id += 1;
        let (id, displaced) = (open.next_id, CancellationToken::new());
        open.pending.entry(address).or_default().push_back(Pending { id, displaced: displaced.clone() });
        Ok(Slot { admission: self.clone(), address, id, displaced, established: false })
    }
}

/// The place of one connection. Dropping it frees the place.
#[derive(Debug)]
pub(super) struct Slot {
    admission: Arc<Admission>,
    address: IpAddr,
    id: u64,
    displaced: CancellationToken,
    established: bool,
}

impl Slot {
    /// The publisher sends: the connection is no longer pending. False when it was displaced before.
    pub(super) fn establish(&mut self) -> bool {
        self.established |= self.admission.open.lock().take(self.address, self.id);
        self.established
    }

    /// Cancelled when a newer connection got this place.
    pub(super) fn displaced(&self) -> &CancellationToken {
        &self.displaced
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.admission.open.lock();
        if self.established || open.take(self.address, self.id) {
            open.count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, number).into()
    }

    #[test]
    fn an_address_has_a_bounded_number_of_pending_connections() {
        let admission = Admission::new(10, 2);
        let mut first = admission.admit(address(1)).unwrap();
        let _second = admission.admit(address(1)).unwrap();
        assert_eq!(admission.admit(address(1)).unwrap_err(), Reason::TooManyOfAddress);
        let _other = admission.admit(address(2)).unwrap();
        assert!(first.establish(), "a publisher that sends does not count");
        let third = admission.admit(address(1)).unwrap();
        assert_eq!(admission.admit(address(1)).unwrap_err(), Reason::TooManyOfAddress);
        drop(third);
        admission.admit(address(1)).unwrap();
    }

    #[test]
    fn a_full_server_displaces_the_oldest_connection_of_the_busiest_address() {
        let admission = Admission::new(4, 3);
        let attacker: Vec<_> = (0..3).map(|_| admission.admit(address(1)).unwrap()).collect();
        let mut camera = admission.admit(address(2)).unwrap();
        assert!(camera.establish());
        let mut other = admission.admit(address(3)).unwrap();
        assert!(attacker[0].displaced().is_cancelled() && !attacker[1].displaced().is_cancelled());
        assert!(!camera.displaced().is_cancelled());
        assert!(other.establish());
        drop(attacker);
        assert_eq!(admission.open.lock().count, 2, "a displaced connection is not counted twice");
        drop((camera, other));
        assert_eq!(admission.open.lock().count, 0);
        assert!(admission.open.lock().pending.is_empty());
    }

    #[test]
    fn a_displaced_connection_cannot_be_established_and_publishers_are_never_displaced() {
        let admission = Admission::new(2, 2);
        let mut late = admission.admit(address(1)).unwrap();
        let mut first = admission.admit(address(1)).unwrap();
        assert!(first.establish());
        assert_eq!(admission.admit(address(1)).unwrap_err(), Reason::TooManyConnections, "not its own connections");
        let mut second = admission.admit(address(2)).unwrap();
        assert!(!late.establish());
        assert!(second.establish());
        assert_eq!(admission.admit(address(3)).unwrap_err(), Reason::TooManyConnections);
    }
}
