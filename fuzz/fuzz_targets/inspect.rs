//! Any bytes in any of the files that databases are known by: looked through without a panic,
//! within bounds, and with an answer that says the same when asked again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use transship::database::{InMemory, ShutdownState, inspect_files};

/// The files that are read of each database; the first byte of an input says where it begins.
const PLACES: [&str; 32] = [
    "PG_VERSION",
    "global/pg_control",
    "postgresql.auto.conf",
    "aria_log_control",
    "ib_logfile0",
    "ibdata1",
    "mysql.ibd",
    "#innodb_redo/#ib_redo7",
    "mysql_upgrade_history",
    "mysql_upgrade_info",
    "auto.cnf",
    "xtrabackup_checkpoints",
    "storage.bson",
    "WiredTiger",
    "mongod.lock",
    "diagnostic.data/metrics.2024-06-01T00-00-00Z-00000",
    "dump.rdb",
    "appendonlydir/appendonly.aof.manifest",
    "appendonlydir/appendonly.aof.1.base.rdb",
    "member/snap/db",
    "app.db",
    "app.db-wal",
    "app.db-journal",
    "mnesia/rabbit@mq/schema.DAT",
    "mnesia/rabbit@mq/rabbit_serial",
    "mnesia/rabbit@mq-feature_flags",
    "influxd.bolt",
    "metadata/store/status",
    "database.ocf",
    "dirty.fl",
    ".minio.sys/format.json",
    "_state/node-1.st",
];

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else {
        return;
    };
    let (count, start) = (usize::from(first >> 5) + 1, usize::from(first & 31));
    // One database's files stand beside each other, and a piece of the input goes to each.
    let mut files = InMemory::default();
    let pieces = rest.len().div_ceil(count).max(1);
    for (number, piece) in rest.chunks(pieces).enumerate() {
        files = files.file(
            PLACES[(start + number) % PLACES.len()],
            repaired(start + number, piece),
        );
    }
    let found = inspect_files(&files);
    assert_eq!(found, inspect_files(&files), "the same answer twice");
    for database in &found.databases {
        assert!(!database.because.is_empty(), "a state has a reason");
        let shown = format!("{database:?}{:?}", found.left_out);
        assert!(
            !shown.contains('\u{1b}'),
            "nothing goes to a terminal as it is"
        );
        let is_empty = rest.is_empty() && database.state == ShutdownState::Clean;
        assert!(
            !is_empty || database.kind != "postgres",
            "empty files are no clean cluster"
        );
    }
});

/// What a checksum hides from a fuzzer is opened for it: where the first byte says so, the
/// piece gets the marks that its format begins with.
fn repaired(place: usize, piece: &[u8]) -> Vec<u8> {
    let begin: &[u8] = match PLACES[place % PLACES.len()] {
        _ if piece.first().is_none_or(|byte| byte & 1 == 0) => b"",
        "dump.rdb" | "appendonlydir/appendonly.aof.1.base.rdb" => b"REDIS0010\xfa\x09redis-ver",
        "app.db" => b"SQLite format 3\0\x10\0\x01\x01",
        "appendonlydir/appendonly.aof.manifest" => b"file appendonly.aof.1.base.rdb seq 1 type ",
        "auto.cnf" => b"[auto]\nserver-uuid=",
        "_state/node-1.st" => return state(piece),
        "member/snap/db" | "influxd.bolt" => return store(piece),
        _ => b"",
    };
    [begin, piece].concat()
}

/// A state file of Elasticsearch with a good sum around any document.
fn state(piece: &[u8]) -> Vec<u8> {
    let begin = [
        &b"\x3f\xd7\x6c\x17\x05state\0\0\0\x01\0\0\0\x01:)\n\x01"[..],
        piece,
    ]
    .concat();
    let file = [&begin[..], b"\xc0\x28\x93\xe8\0\0\0\0"].concat();
    let mut crc = !0_u32;
    for byte in &file {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    [&file[..], &u64::from(!crc).to_be_bytes()].concat()
}

/// A store of bbolt, in pages of 512 bytes, with a good sum on its meta and any pages.
fn store(piece: &[u8]) -> Vec<u8> {
    let mut meta = Vec::new();
    for field in [0xED0C_DAED_u32, 2, 512, 0] {
        meta.extend(field.to_le_bytes());
    }
    for field in [u64::from(piece[0] >> 4), 0, 2, 4, 1] {
        meta.extend(field.to_le_bytes());
    }
    let sum = meta.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    meta.extend(sum.to_le_bytes());
    let mut file = [vec![0; 16], meta].concat();
    file.resize(512, 0);
    file.extend(piece);
    file
}
