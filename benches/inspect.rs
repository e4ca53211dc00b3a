//! How long `transship inspect` takes on trees of every sort, as a shell sees it, against `true`
//! in the same run.
//!
//! ```sh
//! cargo bench --bench inspect             # trees that it makes
//! cargo bench --bench inspect -- DIR...   # and these
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench makes files, starts programs and prints"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{median, time};

const ROUNDS: usize = 51;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let mut trees = vec![
        (
            "a cluster of Postgres",
            postgres(&folder.path().join("postgres")),
        ),
        (
            "100,000 files in a folder",
            uploads(&folder.path().join("uploads")),
        ),
        (
            "8,000 folders of 20 files",
            forest(&folder.path().join("forest")),
        ),
        (
            "2,000 files of 1 TiB, named as databases",
            sparse(&folder.path().join("sparse")),
        ),
    ];
    let given: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .map(PathBuf::from)
        .collect();
    trees.extend(
        given
            .iter()
            .map(|tree| (tree.to_str().unwrap(), tree.clone())),
    );
    let program = env!("CARGO_BIN_EXE_transship");
    println!("medians of {ROUNDS} rounds");
    let rounds =
        |command: &dyn Fn() -> Command| median((0..ROUNDS).map(|_| time(&mut command())).collect());
    println!("{:6.2} ms  true", rounds(&|| Command::new("true")));
    for (name, tree) in trees {
        let taken = rounds(&|| {
            let mut command = Command::new(program);
            command.arg("inspect").arg(&tree);
            command
        });
        println!("{taken:6.2} ms  {name}");
    }
}

fn make(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// As large as a cluster with ten databases.
fn postgres(tree: &Path) -> PathBuf {
    make(&tree.join("PG_VERSION"), b"15\n");
    make(&tree.join("global/pg_control"), &[0; 8192]);
    for database in 0..10 {
        for relation in 0..300 {
            make(&tree.join(format!("base/{database}/{relation}")), b"x");
        }
    }
    for other in ["pg_wal", "pg_tblspc", "pg_xact", "pg_stat"] {
        fs::create_dir_all(tree.join(other)).unwrap();
    }
    tree.to_owned()
}

fn uploads(tree: &Path) -> PathBuf {
    fs::create_dir_all(tree).unwrap();
    for number in 0..100_000 {
        fs::File::create(tree.join(number.to_string())).unwrap();
    }
    tree.to_owned()
}

fn forest(tree: &Path) -> PathBuf {
    for folder in 0..8000 {
        let folder = tree.join(format!("{}/{}/{folder}", folder / 400, folder / 20));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..20 {
            fs::File::create(folder.join(format!("{file}.db"))).unwrap();
        }
    }
    tree.to_owned()
}

fn sparse(tree: &Path) -> PathBuf {
    fs::create_dir_all(tree).unwrap();
    for number in 0..2000 {
        let end = ["rdb", "db", "sqlite", "sqlite3"][number % 4];
        let file = fs::File::create(tree.join(format!("{number}.{end}"))).unwrap();
        file.set_len(1 << 40).unwrap();
    }
    tree.to_owned()
}
