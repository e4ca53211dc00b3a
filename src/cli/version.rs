//! `transship --version --verbose`: what exactly this is.

use crate::document::DocumentFormat;
use crate::release;
use crate::upgrade::{made_volume, plan, running, standing_record};

/// The version, the commit that it was built from where that was told, the machine it is for, and the
/// main formats that it writes and reads.
pub(super) fn told() -> String {
    let commit = option_env!("TRANSSHIP_COMMIT").unwrap_or("unknown: not told when it was built");
    let libc = if cfg!(target_env = "musl") {
        "musl"
    } else {
        "gnu"
    };
    let linked = if cfg!(target_feature = "crt-static") {
        ", static"
    } else {
        ""
    };
    let (machine, system) = (std::env::consts::ARCH, std::env::consts::OS);
    let mut text = format!(
        "transship {}\ncommit   {commit}\ntarget   {machine}-{system}-{libc}{linked}\n",
        env!("CARGO_PKG_VERSION")
    );
    for (number, format) in formats().iter().enumerate() {
        let label = if number == 0 { "formats" } else { "" };
        let DocumentFormat {
            name,
            version,
            oldest,
        } = format;
        text += &format!("{label:<8} {name} {version}");
        if oldest < version {
            text += &format!(", reads {oldest} and later");
        }
        text.push('\n');
    }
    text
}

fn formats() -> [DocumentFormat; 5] {
    [
        plan::FORMAT,
        running::journal::FORMAT,
        made_volume::FORMAT,
        standing_record::FORMAT,
        release::shipped_files::FORMAT,
    ]
}
