//! Any bytes as what comes to the sink of a rehearsal: no parser of it breaks.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| transship::rehearsal::parse_for_the_sink(bytes));
