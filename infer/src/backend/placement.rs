//! How many of the model's nodes each execution provider computes. ONNX Runtime writes this only to its log while it creates a
//! session, so this module parses the log.

use std::cell::RefCell;

thread_local! {
    // The thread that creates a session also logs its placement.
    static COLLECTED: RefCell<Option<Vec<NodeShare>>> = const { RefCell::new(None) };
}

/// How many nodes of the model an execution provider computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeShare {
    /// ONNX Runtime's name of the provider, for example `CPUExecutionProvider`.
    pub provider: String,
    pub nodes: usize,
}

/// Runs `create`, and returns its result and the placement that it logged on this thread.
pub(super) fn collect<T>(create: impl FnOnce() -> T) -> (T, Vec<NodeShare>) {
    COLLECTED.with_borrow_mut(|shares| *shares = Some(Vec::new()));
    let created = create();
    (created, COLLECTED.with_borrow_mut(Option::take).unwrap_or_default())
}

/// Adds a line of ONNX Runtime's log.
pub(super) fn log_line(line: &str) {
    COLLECTED.with_borrow_mut(|shares| {
        if let Some(shares) = shares
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
    fn the_log_lines_of_onnx_runtime_are_parsed() {
        let ((), shares) = collect(|| {
            log_line("Node placements");
            log_line(" All nodes placed on [CPUExecutionProvider]. Number of nodes: 337");
            log_line(" Node(s) placed on [CUDAExecutionProvider]. Number of nodes: 12");
            log_line("Extending BFCArena for Cpu. bin_num:12");
        });
        let share = |provider: &str, nodes| NodeShare { provider: provider.to_owned(), nodes };
        assert_eq!(shares, [share("CPUExecutionProvider", 337), share("CUDAExecutionProvider", 12)]);
    }

    #[test]
    fn lines_outside_of_collect_are_ignored() {
        log_line("All nodes placed on [CPUExecutionProvider]. Number of nodes: 1");
        assert!(collect(|| ()).1.is_empty());
    }
}
