//! Runs every target on its corpus, its regressions and thousands of mutations: the short form of `make fuzz`, in every `make test`.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::path::Path;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use vru_fuzz::{MAX_LEN, TARGETS, Target};
use vru_runtime::test_util::seeded_rng;

#[global_allocator]
static ALLOCATOR: vru_fuzz::Counting = vru_fuzz::Counting;

/// Mutations per target.
const MUTATIONS: usize = 10_000;

/// The cases in a folder, sorted by name.
fn cases(folder: &str, target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target.name);
    let mut paths: Vec<_> = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// Runs a case. A failing case is written to a file, because a message cannot show its bytes.
fn check(target: &Target, name: &str, case: &[u8]) {
    let owned = case.to_vec();
    let failed = std::panic::catch_unwind(|| target.check(&owned)).is_err();
    if failed {
        let file = std::env::temp_dir().join(format!("vru-fuzz-{}-{}", target.name, std::process::id()));
        fs::write(&file, case).unwrap();
        panic!("{} fails on {name}; the case is in {}", target.name, file.display());
    }
}

#[test]
fn corpus_regressions_and_mutations_pass() {
    for target in &TARGETS {
        let kept = cases("corpus", target);
        assert!(!kept.is_empty(), "{} has no corpus", target.name);
        // The first run fills caches and lazy values, whose memory does not count.
        (target.run)(&kept[0].1);
        let regressions = cases("regressions", target);
        for (name, case) in kept.iter().chain(&regressions) {
            check(target, name, case);
        }
        let mut rng = seeded_rng(target.name);
        for number in 0..MUTATIONS {
            let case = mutated(&kept, &mut rng);
            check(target, &format!("mutation {number}"), &case);
        }
    }
}

/// A case with one to six random changes.
fn mutated(kept: &[(String, Vec<u8>)], rng: &mut StdRng) -> Vec<u8> {
    let (_, case) = kept.choose(rng).expect("the corpus is not empty");
    let mut case = case.clone();
    for _ in 0..rng.random_range(1..=6) {
        let at = rng.random_range(0..=case.len());
        let end = (at + rng.random_range(1..=8)).min(case.len());
        match rng.random_range(0..6) {
            0 if at < case.len() => case[at] ^= 1 << rng.random_range(0..8),
            1 if at < case.len() => case[at] = rng.random(),
            2 => drop(case.drain(at..end)),
            3 => drop(case.splice(at..at, (0..rng.random_range(1..=8)).map(|_| rng.random()).collect::<Vec<u8>>())),
            4 => {
                let again = case[at..end].to_vec();
                drop(case.splice(at..at, again));
            }
            _ => {
                let (_, other) = kept.choose(rng).expect("the corpus is not empty");
                let from = rng.random_range(0..=other.len());
                case.truncate(at);
                case.extend_from_slice(&other[from..]);
            }
        }
    }
    case.truncate(MAX_LEN);
    case
}
