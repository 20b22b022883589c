//! The threads on which links pass on what cameras send. Work on packets is short and comes often. On the service's runtime, each time that
//! a packet wakes one of its threads, that thread wakes another one to look for more work, which costs more than the packet.

use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle};

/// Processors for each thread: parsing and publishing what the packets of a camera contain costs more than receiving them.
const PROCESSORS: usize = 2;

static THREADS: LazyLock<Vec<Handle>> = LazyLock::new(|| {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let started = (0..processors.div_ceil(PROCESSORS)).map(start).collect::<Result<_, _>>();
    started.unwrap_or_else(|error| {
        tracing::error!(%error, "cannot start the threads of cameras' links, the service's own are used");
        Vec::new()
    })
});

/// The runtime of the next link: connect and run it there. They are taken in turn.
pub(in crate::source::pull) fn next() -> Handle {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    THREADS.get(turn % THREADS.len().max(1)).cloned().unwrap_or_else(Handle::current)
}

fn start(number: usize) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().thread_name(format!("link-{number}")).build()?;
    let handle = runtime.handle().clone();
    // It runs as long as the process: links end with their cameras.
    let run = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new().name(format!("link-{number}")).spawn(run)?;
    Ok(handle)
}
