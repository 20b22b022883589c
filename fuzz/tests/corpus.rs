//! Replays every case that is kept, and some thousand mutations of them, with each target's promises. The short form of `make
//! fuzz`, for every `make test`.

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

/// Mutations of each target.
const MUTATIONS: usize = 10_000;

/// The cases of a folder, in the order of their names.
fn cases(folder: &str, target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target.name);
    let mut paths: Vec<_> = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// Runs a case; one that fails is left as a file, because a message cannot show bytes.
fn check(target: &Target, name: &str, case: &[u8]) {
    let owned = case.to_vec();
    let failed = std::panic::catch_unwind(|| target.check(&owned)).is_err();
    if failed {
        let file = std::env::temp_dir().join(format!("vru-fuzz-{}-{}", target.name, std::process::id()));
        fs::write(&file, case).unwrap();
        panic!("{} breaks a promise on {name}; the case is in {}", target.name, file.display());
    }
}

#[test]
fn every_kept_case_and_thousands_of_mutations_keep_the_promises() {
    for target in &TARGETS {
        let kept = cases("corpus", target);
        assert!(!kept.is_empty(), "{} has no corpus", target.name);
        // Caches and lazy values are no case's memory.
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

/// One kept case with one to six changes.
fn mutated(kept: &[(String, Vec<u8>)], rng: &mut StdRng) -> Vec<u8> {
    let (_, case) = kept.choose(rng).expect("there are some");
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
                let (_, other) = kept.choose(rng).expect("there are some");
                let from = rng.random_range(0..=other.len());
                case.truncate(at);
                case.extend_from_slice(&other[from..]);
            }
        }
    }
    case.truncate(MAX_LEN);
    case
}
