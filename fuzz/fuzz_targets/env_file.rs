//! Any bytes as a `.env` file: parsed, resolved and edited without a panic; what was set is
//! what the file then says, and no other value changed.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use transship::env_file::EnvFile;
use transship::merge::{Answers, Input, Inputs, merge_env};

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("/.env");
    let Ok(file) = EnvFile::parse(path, bytes) else {
        return;
    };
    let outer = |name: &str| (name == "HOME").then(|| "/root".to_owned());
    let before = file.values(&outer);
    let last = file.entries().last().map(|entry| entry.key.clone());
    for key in ["A", last.as_deref().unwrap_or("NEW")] {
        for value in ["", "1", "a b", "it's", "$HOME \"#\""] {
            let Ok(edited) = file.set(key, value) else {
                continue;
            };
            let again = EnvFile::parse(path, &edited).expect("an edited file parses");
            let Ok(after) = again.values(&|_| None) else {
                continue;
            };
            assert_eq!(after.get(key).map(String::as_str), Some(value));
        }
    }
    if before.is_ok() {
        let input = |bytes| Input { path, bytes };
        let inputs = Inputs {
            name: path,
            base: Some(input(b"A=1\nB=2\n")),
            mine: input(bytes),
            theirs: input(b"A=1\nB=3\nC=4\n"),
        };
        let _ = merge_env(&inputs, &Answers::default());
    }
});
