//! Which permission bits a new file gets that its user makes.

/// What a shell's redirection would give a new file: read and write for all, less the umask of
/// this process; for the owner alone where that can't be told.
pub fn new_file_mode() -> u32 {
    // The system call that tells the umask sets it as well, for all threads.
    let status = std::fs::read_to_string("/proc/self/status");
    0o666 & !status.ok().as_deref().and_then(umask).unwrap_or(0o077)
}

fn umask(status: &str) -> Option<u32> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(line.trim(), 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_umask_is_an_octal_number_in_a_line_of_its_own() {
        assert_eq!(umask("Name:\tx\nUmask:\t0027\nState:\tR\n"), Some(0o027));
        assert_eq!(umask("Name:\tx\n"), None);
    }
}
