//! The libFuzzer program of the target `track_counts`.
#![no_main]

#[global_allocator]
static ALLOCATOR: vru_fuzz::Counting = vru_fuzz::Counting;

libfuzzer_sys::fuzz_target!(|case: &[u8]| vru_fuzz::check("track_counts", case));
