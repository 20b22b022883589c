//! Optimal assignment: the set of pairs with the largest total gain, in which each row and column occurs at most once.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A possible pair and its gain, which must be above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub row: usize,
    pub column: usize,
    pub gain: f64,
}

/// The optimal pairs, sorted by row.
///
/// Uses shortest augmenting paths as Jonker and Volgenant do, but over the possible pairs only. A search ends at the first free
/// column, so where each row overlaps few columns the work is linear in the number of rows, not cubic.
pub(crate) fn best_pairs(rows: usize, columns: usize, edges: &[Edge]) -> Vec<(usize, usize)> {
    let mut solver = Solver::new(rows, columns, edges);
    for row in 0..rows {
        solver.assign(row);
    }
    solver.column_of.iter().enumerate().filter_map(|(row, &column)| Some((row, column?))).collect()
}

/// Costs are negative gains; a row may also stay unassigned at cost 0. The dual prices of rows and columns keep every reduced
/// cost (cost minus both prices) at 0 or above, and at 0 for the pairs assigned so far.
struct Solver {
    // Edges of row `r`: `edges[starts[r]..starts[r + 1]]`, as column and cost.
    starts: Vec<usize>,
    edges: Vec<(usize, f64)>,
    row_price: Vec<f64>,
    column_price: Vec<f64>,
    column_of: Vec<Option<usize>>,
    row_of: Vec<Option<usize>>,
    // State of the current search. The distance is infinite for columns that it has not reached.
    distance: Vec<f64>,
    came_from: Vec<usize>,
    reached: Vec<usize>,
}

/// A queue entry: a column and its distance from the row that is being assigned. Ties are broken by column index, so that the
/// result depends on the edges alone.
#[derive(PartialEq)]
struct Entry {
    distance: f64,
    column: usize,
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.column.cmp(&other.column))
    }
}

impl Solver {
    fn new(rows: usize, columns: usize, edges: &[Edge]) -> Self {
        let mut starts = vec![0; rows + 1];
        for edge in edges {
            starts[edge.row + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut by_row = vec![(0, 0.0); edges.len()];
        let mut row_price = vec![0.0_f64; rows];
        for edge in edges {
            let cost = -edge.gain;
            by_row[next[edge.row]] = (edge.column, cost);
            next[edge.row] += 1;
            row_price[edge.row] = row_price[edge.row].min(cost);
        }
        Self {
            starts,
            edges: by_row,
            row_price,
            column_price: vec![0.0; columns],
            column_of: vec![None; rows],
            row_of: vec![None; columns],
            distance: vec![f64::INFINITY; columns],
            came_from: vec![0; columns],
            reached: Vec::new(),
        }
    }

    /// Applies the cheapest augmenting path from `start`: one that ends at a free column, or one that leaves a row unassigned.
    fn assign(&mut self, start: usize) {
        let mut queue = BinaryHeap::new();
        // The rows reached with their distances, and the row that is cheapest to leave unassigned.
        let mut tree = vec![(start, 0.0)];
        let mut cheapest_unassigned = (f64::INFINITY, start);
        let mut settled = Vec::new();
        let (mut row, mut base) = (start, 0.0);
        let (total, mut free) = loop {
            let unassigned = base - self.row_price[row];
            if unassigned < cheapest_unassigned.0 {
                cheapest_unassigned = (unassigned, row);
            }
            self.reach(row, base, &mut queue);
            let nearest = loop {
                match queue.pop() {
                    // Outdated: a shorter path to the column was found later.
                    Some(Reverse(entry)) if entry.distance > self.distance[entry.column] => {}
                    other => break other.map(|entry| entry.0),
                }
            };
            let Some(Entry { distance, column }) = nearest.filter(|nearest| nearest.distance < cheapest_unassigned.0)
            else {
                break (cheapest_unassigned.0, None);
            };
            let Some(owner) = self.row_of[column] else { break (distance, Some(column)) };
            settled.push(column);
            tree.push((owner, distance));
            (row, base) = (owner, distance);
        };
        for (row, distance) in tree {
            self.row_price[row] += total - distance;
        }
        for column in settled {
            self.column_price[column] -= total - self.distance[column];
        }
        if free.is_none() {
            free = self.column_of[cheapest_unassigned.1].take();
        }
        // Each row on the path moves to the next column.
        while let Some(column) = free {
            let row = self.came_from[column];
            self.row_of[column] = Some(row);
            free = self.column_of[row].replace(column);
        }
        for column in self.reached.drain(..) {
            self.distance[column] = f64::INFINITY;
        }
    }

    fn reach(&mut self, row: usize, base: f64, queue: &mut BinaryHeap<Reverse<Entry>>) {
        for &(column, cost) in &self.edges[self.starts[row]..self.starts[row + 1]] {
            // Rounding can make this slightly negative, and then the search would not terminate.
            let step = (cost - self.row_price[row] - self.column_price[column]).max(0.0);
            let distance = base + step;
            if distance < self.distance[column] {
                if self.distance[column].is_infinite() {
                    self.reached.push(column);
                }
                self.distance[column] = distance;
                self.came_from[column] = row;
                queue.push(Reverse(Entry { distance, column }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    fn total(pairs: &[(usize, usize)], edges: &[Edge]) -> f64 {
        pairs
            .iter()
            .map(|&(row, column)| {
                edges.iter().find(|edge| edge.row == row && edge.column == column).expect("a pair is an edge").gain
            })
            .sum()
    }

    /// The largest total gain, by exhaustive search.
    fn brute_force(row: usize, rows: usize, used: u32, edges: &[Edge]) -> f64 {
        if row == rows {
            return 0.0;
        }
        let mut best = brute_force(row + 1, rows, used, edges);
        for edge in edges.iter().filter(|edge| edge.row == row && used & (1 << edge.column) == 0) {
            best = best.max(edge.gain + brute_force(row + 1, rows, used | (1 << edge.column), edges));
        }
        best
    }

    #[test]
    fn random_problems_reach_the_total_of_an_exhaustive_search() {
        let mut random = StdRng::seed_from_u64(5);
        for _ in 0..500 {
            let (rows, columns) = (random.random_range(1..7), random.random_range(1..7));
            let mut edges = Vec::new();
            for row in 0..rows {
                for column in 0..columns {
                    if random.random_bool(0.6) {
                        edges.push(Edge { row, column, gain: random.random_range(0.01..1.0) });
                    }
                }
            }
            let pairs = best_pairs(rows, columns, &edges);
            let mut columns_used: Vec<_> = pairs.iter().map(|pair| pair.1).collect();
            columns_used.sort_unstable();
            columns_used.dedup();
            assert_eq!(columns_used.len(), pairs.len());
            assert!((total(&pairs, &edges) - brute_force(0, rows, 0, &edges)).abs() < 1e-4);
        }
    }

    #[test]
    fn the_total_is_larger_than_with_greedy_assignment() {
        let edge = |row, column, gain| Edge { row, column, gain };
        let edges = [edge(0, 0, 0.9), edge(0, 1, 0.8), edge(1, 0, 0.8)];
        assert_eq!(best_pairs(2, 2, &edges), [(0, 1), (1, 0)]);
    }

    #[test]
    fn a_dense_problem_is_solved() {
        let edges: Vec<_> = (0..400)
            .flat_map(|row| {
                (0..400).map(move |column| Edge { row, column, gain: if row == column { 1.0 } else { 0.5 } })
            })
            .collect();
        let pairs = best_pairs(400, 400, &edges);
        assert!(pairs.iter().all(|(row, column)| row == column) && pairs.len() == 400);
    }
}
