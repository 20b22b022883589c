//! Which execution provider got which share of the model's nodes. ONNX Runtime says so only in its log while a session is
//! made, so the log is read.

use std::cell::RefCell;

thread_local! {
    // A session is made by one thread, and logs its placement from that thread.
    static NOTED: RefCell<Option<Vec<NodeShare>>> = const { RefCell::new(None) };
}

/// How many nodes of the model an execution provider computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeShare {
    /// As ONNX Runtime calls it, for example `CPUExecutionProvider`.
    pub provider: String,
    /// How many nodes.
    pub nodes: usize,
}

/// Runs `make`, and returns what it logged about placement on this thread besides its result.
pub(super) fn watch<T>(make: impl FnOnce() -> T) -> (T, Vec<NodeShare>) {
    NOTED.with_borrow_mut(|noted| *noted = Some(Vec::new()));
    let made = make();
    (made, NOTED.with_borrow_mut(Option::take).unwrap_or_default())
}

/// Takes a line of the log.
pub(super) fn note(line: &str) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(shares) = noted
            && let Some(share) = parse(line)
        {
            shares.push(share);
        }
    });
}

fn parse(line: &str) -> Option<NodeShare> {
    let (_, rest) = line.split_once("placed on [")?;
    let (provider, rest) = rest.split_once(']')?;
    let (_, count) = rest.split_once("Number of nodes:")?;
    Some(NodeShare { provider: provider.to_owned(), nodes: count.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_the_lines_of_onnx_runtime() {
        let ((), shares) = watch(|| {
            note("Node placements");
            note(" All nodes placed on [CPUExecutionProvider]. Number of nodes: 337");
            note(" Node(s) placed on [CUDAExecutionProvider]. Number of nodes: 12");
            note("Extending BFCArena for Cpu. bin_num:12");
        });
        let share = |provider: &str, nodes| NodeShare { provider: provider.to_owned(), nodes };
        assert_eq!(shares, [share("CPUExecutionProvider", 337), share("CUDAExecutionProvider", 12)]);
    }

    #[test]
    fn lines_outside_of_a_watch_are_passed_over() {
        note("All nodes placed on [CPUExecutionProvider]. Number of nodes: 1");
        assert!(watch(|| ()).1.is_empty());
    }
}
