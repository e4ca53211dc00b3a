//! The reading of `.env`, on lines that are easy to get wrong, against Compose itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use transship::env_file::EnvFile;

use super::common::need;

/// Files of one to three lines, each to be read as Compose reads it or refused as it does.
const LINES: [&str; 120] = [
    "A=1\n",
    "A=1",
    "A =1\n",
    "A= 1\n",
    "A = 1 \n",
    " A=1\n",
    "\tA=1\n",
    "A=1\t\n",
    "A=\n",
    "A= \n",
    "A=''\n",
    "A=\"\"\n",
    "A\n",
    "A\nB=1\n",
    "PATH\n",
    "A",
    "A=1 # c\n",
    "A=1#c\n",
    "A=1 #\n",
    "A=# c\n",
    "A= # c\n",
    "A=#c\n",
    "A=1\t# c\n",
    "# A=1\nB=1\n",
    "A='x # y'\n",
    "A=\"x # y\"\n",
    "A='x' # c\n",
    "A=\"x\" # c\n",
    "A='x'y\n",
    "A=\"x\"y\n",
    "A='x\ny'\n",
    "A=\"x\ny\"\n",
    "A=x\\ny\n",
    "A=\"x\\ny\"\n",
    "A='x\\ny'\n",
    "A=\"x\\ty\"\n",
    "A=\"x\\\"y\"\n",
    "A='x\\'y'\n",
    "A=\"x\\\\y\"\n",
    "A='x\\\\y'\n",
    "A=\"\\a\"\n",
    "A=\"\\x41\"\n",
    "A=\"\\0101\"\n",
    "A=\"\\08\"\n",
    "A=it's\n",
    "A=say \"x\"\n",
    "A=x'y'\n",
    "A=`x`\n",
    "export A=1\n",
    "export  A=1\n",
    "export\tA=1\n",
    "exportA=1\n",
    "export A\n",
    "export=1\n",
    "A: 1\n",
    "A:1\n",
    "A: '1'\n",
    "A:b=1\n",
    "A=b:1\n",
    "A=b=c\n",
    "A==1\n",
    "A.B=1\n",
    "A-B=1\n",
    "A[0]=1\n",
    "1A=1\n",
    "A B=1\n",
    "A$=1\n",
    "A!=1\n",
    "=1\n",
    "ä=1\n",
    "A=1\nB=$A\n",
    "A=1\nB=${A}\n",
    "A=1\nB='$A'\n",
    "A=1\nB=\"$A\"\n",
    "A=1\nB=\\$A\n",
    "A=1\nB=\"\\$A\"\n",
    "A=1\nB=$$A\n",
    "B=${X:-d}\n",
    "B=${X-d}\n",
    "B=${X:+d}\n",
    "B=${X:?no}\n",
    "B=${\n",
    "A=1\nA=2\n",
    "A=1\nB=$A\nA=2\n",
    "A=1\r\nB=2\r\n",
    "A='x\r\ny'\r\n",
    "A=1\r",
    "\u{feff}A=1\n",
    "\n\nA=1\n\n",
    "A='x\n",
    "A=\"x\n",
    "A='x' B=2\n",
    "A=x y z\n",
    "A=a\u{a0}b\n",
    "A=\u{a0}b\n",
    "A=p@$$w0rd\n",
    "A=1\nexport ",
    "export \n",
    "A=1\nB=${A:-\"x\"}\n",
    "A=\"${B:-\'}\"\n",
    "A=\u{2028}\n",
    "A=1\u{b}\n",
    "A=x\u{85}# c\n",
    "A=\"x\\\\\"\n",
    "A='x\\\\'\n",
    "A=$\n",
    "A=$1\n",
    "A=${}\n",
    "A=\"\\u00e9\"\n",
    "\u{feff}\n# c\nA=1\n",
    "A=1\nexport A\nB=$A\n",
    "A=x\\\nB=1\n",
    "A=\"x\\\ny\"\n",
    "A = # c\n",
    "A:\n",
    "- A=1\n",
    "A='''\n",
    "A=\"\"\"\n",
    "[A]=1\n",
    "A=${B:-${C:-d}}\n",
];

/// What Compose makes of a `.env`: the variables, or None if it refuses the file.
fn composes(folder: &Path) -> Option<BTreeMap<String, String>> {
    let text = "services:\n  x:\n    image: x\n    env_file: x.env\n    environment:\n      ZZZ_LAST: \"\"\n";
    fs::write(folder.join("compose.yaml"), text).unwrap();
    let mut command = Command::new("docker");
    command.env_clear();
    for name in ["PATH", "HOME"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    let output = command
        .args(["compose", "-p", "x", "config", "--format", "json"])
        .current_dir(folder)
        .output()
        .unwrap();
    let config: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let found = config["services"]["x"]["environment"].as_object()?;
    let text = |value: &serde_json::Value| value.as_str().map(|text| text.replace("$$", "$"));
    // A last word without a line end is, to Compose, the value of a variable without a name.
    let all = found
        .iter()
        .filter(|(name, _)| !["ZZZ_LAST", ""].contains(&name.as_str()));
    Some(
        all.filter_map(|(name, value)| Some((name.clone(), text(value)?)))
            .collect(),
    )
}

#[test]
fn tricky_lines_are_read_as_compose_reads_them() {
    if !need::compose() {
        return;
    }
    let outer = |name: &str| {
        ["PATH", "HOME"]
            .contains(&name)
            .then(|| std::env::var(name).unwrap())
    };
    let mut faults = Vec::new();
    for text in LINES {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.env"), text).unwrap();
        let ours = EnvFile::parse(Path::new(".env"), text.as_bytes())
            .and_then(|file| file.values(&outer))
            .ok()
            .map(|mut values| {
                values.remove("");
                values
            });
        let theirs = composes(folder.path());
        if ours != theirs {
            faults.push(format!("{text:?}: ours {ours:?}, Compose's {theirs:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
