//! The set of pairs with the largest total gain, each row and column used at most once.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A possible pair and what it brings; above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub row: usize,
    pub column: usize,
    pub gain: f32,
}

/// The best pairs by rising row.
///
/// Shortest augmenting paths, as Jonker and Volgenant's, but over the possible pairs only: a search ends as soon as it meets a
/// free column, so where each row overlaps a few columns the work grows with the number of rows, not with its cube.
pub(crate) fn best_pairs(rows: usize, columns: usize, edges: &[Edge]) -> Vec<(usize, usize)> {
    let mut solver = Solver::new(rows, columns, edges);
    for row in 0..rows {
        solver.place(row);
    }
    solver.column_of.iter().enumerate().filter_map(|(row, &column)| Some((row, column?))).collect()
}

/// Costs are negative gains; each row may also stay alone at cost 0. A price on each row and column keeps every cost, less the
/// prices, at 0 or above, and at 0 for the pairs made so far.
struct Solver {
    // Edges of row `r`: `edges[starts[r]..starts[r + 1]]`, as column and cost.
    starts: Vec<usize>,
    edges: Vec<(usize, f64)>,
    row_price: Vec<f64>,
    column_price: Vec<f64>,
    column_of: Vec<Option<usize>>,
    row_of: Vec<Option<usize>>,
    // Of the search at work; infinite for columns it has not met.
    distance: Vec<f64>,
    came_from: Vec<usize>,
    met: Vec<usize>,
}

/// A column at its distance from the row that is being placed; equal distances go by position, so that the result depends on
/// the edges alone.
#[derive(PartialEq)]
struct Reached {
    distance: f64,
    column: usize,
}

impl Eq for Reached {}

impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Reached {
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
            let cost = -f64::from(edge.gain);
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
            met: Vec::new(),
        }
    }

    /// Finds the cheapest way to give `start` a column or leave somebody alone, and takes it.
    fn place(&mut self, start: usize) {
        let mut reached = BinaryHeap::new();
        // Rows met with their distance, and the row that is cheapest left alone.
        let mut tree = vec![(start, 0.0)];
        let mut alone = (f64::INFINITY, start);
        let mut settled = Vec::new();
        let (mut row, mut base) = (start, 0.0);
        let (total, mut free) = loop {
            let left_alone = base - self.row_price[row];
            if left_alone < alone.0 {
                alone = (left_alone, row);
            }
            self.reach(row, base, &mut reached);
            let nearest = loop {
                match reached.pop() {
                    // An older entry of a column that was reached by a shorter way since.
                    Some(Reverse(entry)) if entry.distance > self.distance[entry.column] => {}
                    other => break other.map(|entry| entry.0),
                }
            };
            let Some(Reached { distance, column }) = nearest.filter(|nearest| nearest.distance < alone.0) else {
                break (alone.0, None);
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
            free = self.column_of[alone.1].take();
        }
        // Along the way each row moves on to the next column.
        while let Some(column) = free {
            let row = self.came_from[column];
            self.row_of[column] = Some(row);
            free = self.column_of[row].replace(column);
        }
        for column in self.met.drain(..) {
            self.distance[column] = f64::INFINITY;
        }
    }

    fn reach(&mut self, row: usize, base: f64, reached: &mut BinaryHeap<Reverse<Reached>>) {
        for &(column, cost) in &self.edges[self.starts[row]..self.starts[row + 1]] {
            // Rounding may leave a hair below 0, which would lead the search in a circle.
            let step = (cost - self.row_price[row] - self.column_price[column]).max(0.0);
            let distance = base + step;
            if distance < self.distance[column] {
                if self.distance[column].is_infinite() {
                    self.met.push(column);
                }
                self.distance[column] = distance;
                self.came_from[column] = row;
                reached.push(Reverse(Reached { distance, column }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    fn total(pairs: &[(usize, usize)], edges: &[Edge]) -> f32 {
        pairs
            .iter()
            .map(|&(row, column)| {
                edges.iter().find(|edge| edge.row == row && edge.column == column).expect("a pair is an edge").gain
            })
            .sum()
    }

    /// The best total by trying everything.
    fn brute_force(row: usize, rows: usize, used: u32, edges: &[Edge]) -> f32 {
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
    fn random_tables_are_solved_as_well_as_by_trying_everything() {
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
    fn the_greedy_trap_is_avoided() {
        let edge = |row, column, gain| Edge { row, column, gain };
        let edges = [edge(0, 0, 0.9), edge(0, 1, 0.8), edge(1, 0, 0.8)];
        assert_eq!(best_pairs(2, 2, &edges), [(0, 1), (1, 0)]);
    }

    #[test]
    fn a_flood_of_overlaps_is_still_answered_at_once() {
        let edges: Vec<_> = (0..400)
            .flat_map(|row| {
                (0..400).map(move |column| Edge { row, column, gain: if row == column { 1.0 } else { 0.5 } })
            })
            .collect();
        let pairs = best_pairs(400, 400, &edges);
        assert!(pairs.iter().all(|(row, column)| row == column) && pairs.len() == 400);
    }
}
