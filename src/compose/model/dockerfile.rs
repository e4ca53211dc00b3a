//! What a Dockerfile takes out of its build context.
//!
//! Passes over what only a build knows: arguments, patterns, other stages and other contexts.

/// The sources of `COPY`, `ADD` and `RUN --mount=type=bind`, as they are written, each once.
pub(super) fn sources(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in instructions(text) {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        let sources = match name.to_ascii_uppercase().as_str() {
            "COPY" | "ADD" => copied(rest),
            "RUN" => mounted(rest),
            _ => Vec::new(),
        };
        for source in sources {
            if !found.contains(&source) {
                found.push(source);
            }
        }
    }
    found
}

/// Instructions, each in one line; what is written out between `<<EOF` and `EOF` is none.
fn instructions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut line = String::new();
    let mut inlined: Option<String> = None;
    for part in text.lines().map(str::trim_end) {
        if let Some(end) = &inlined {
            if part.trim() == end {
                inlined = None;
            }
            continue;
        }
        if part.trim_start().starts_with('#') {
            continue;
        }
        if let Some(begun) = part.strip_suffix('\\') {
            line += begun;
            line.push(' ');
        } else {
            line += part;
            inlined = here_document(&line);
            found.push(std::mem::take(&mut line).trim().to_owned());
        }
    }
    found.push(line.trim().to_owned());
    found
}

/// The word that ends what an instruction has written out below it.
fn here_document(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("<<")?;
    let word = rest.trim_start_matches('-').split_whitespace().next()?;
    let word = word.trim_matches(['"', '\'']);
    word.starts_with(char::is_alphabetic)
        .then(|| word.to_owned())
}

fn copied(rest: &str) -> Vec<String> {
    let (mut rest, mut is_of_context) = (rest.trim(), true);
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, behind) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        is_of_context &= !flag.starts_with("from=");
        rest = behind.trim_start();
    }
    let mut words: Vec<String> = match serde_json::from_str(rest) {
        Ok(words) => words,
        Err(_) => rest.split_whitespace().map(str::to_owned).collect(),
    };
    words.pop();
    words.retain(|word| is_of_context && is_plain(word));
    words
}

fn mounted(rest: &str) -> Vec<String> {
    let flags = rest.split_whitespace();
    let mounts = flags
        .take_while(|word| word.starts_with("--"))
        .filter_map(|word| word.strip_prefix("--mount="));
    let source = |mount: &str| {
        let part = |name: &str| {
            let mut parts = mount.split(',').filter_map(|part| part.split_once('='));
            Some(parts.find(|(key, _)| *key == name)?.1.to_owned())
        };
        let is_bind = part("type").is_none_or(|kind| kind == "bind") && part("from").is_none();
        part("source")
            .or_else(|| part("src"))
            .filter(|source| is_bind && is_plain(source))
    };
    mounts.filter_map(source).collect()
}

/// A path that is what it says.
fn is_plain(source: &str) -> bool {
    !source.contains(['$', '*', '?', '[']) && !source.contains("://") && !source.starts_with("<<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        assert_eq!(sources(text), expect, "{text}");
    }

    #[test]
    fn copies_and_mounts_have_sources() {
        check("FROM x\nCOPY a b /c\ncopy a /d", &["a", "b"]);
        check("COPY --chown=1:1 --link a /d\n", &["a"]);
        check("COPY [\"a b\", \"c\", \"/d/\"]", &["a b", "c"]);
        check("ADD a.tar.gz \\\n  # why\n  b /c", &["a.tar.gz", "b"]);
        check(
            "RUN --mount=type=bind,source=r.txt,target=/r --mount=type=cache,target=/c pip install",
            &["r.txt"],
        );
    }

    #[test]
    fn what_only_a_build_knows_is_passed_over() {
        check("COPY --from=build a /b\nCOPY ${A} *.txt /c", &[]);
        check("ADD https://example.org/a /b\nRUN cp a b", &[]);
        check("COPY <<EOF /a\nCOPY b /c\nEOF\nCOPY d /e\n", &["d"]);
        check("RUN --mount=type=bind,from=x,source=a,target=/b true", &[]);
        check("COPY", &[]);
    }
}
