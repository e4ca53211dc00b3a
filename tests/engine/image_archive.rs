//! What an archive of images holds, in the words of `docker save` itself.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;
use transship::engine::{
    ArchiveError, Docker, ImageArchive, Program, load_images, local_images, missing_images,
};
use transship::error::{Explain, Kind};
use transship::fs::Disk;
use transship::progress::{Collected, Silent};

use crate::document;
use crate::lab::Lab;
use crate::need;
use crate::program::transship;

/// A tar of these members.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("containers.tar");
    fs::write(&path, bytes).unwrap();
    (home, path)
}

fn read(bytes: &[u8]) -> Result<ImageArchive, ArchiveError> {
    let (_home, path) = file(bytes);
    ImageArchive::read(&path, &Silent)
}

fn names(archive: &ImageArchive) -> Vec<&str> {
    let names = archive.images.iter().flat_map(|image| &image.names);
    names.map(String::as_str).collect()
}

const LIST: &[u8] = br#"[
  {"Config":"0011.json","RepoTags":["postgres:15","postgres:15.8"],"Layers":["layer"]},
  {"Config":"blobs/sha256/2233","RepoTags":null,"Layers":[]},
  {"Config":"4455.json","RepoTags":["registry.example.org:5000/team/app:v2"],"Layers":[]}]"#;

/// The parts that `LIST` names, and `LIST` itself.
fn saved() -> Vec<u8> {
    tar(&[
        ("manifest.json", LIST),
        ("0011.json", b"{}"),
        ("blobs/sha256/2233", b"{}"),
        ("4455.json", b"{}"),
        ("layer", &[7; 3000]),
    ])
}

#[test]
fn what_docker_saved_is_told_by_name_and_id() {
    if !(need::docker() && need::root()) {
        return;
    }
    let lab = Lab::new("save");
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("saved.tar");
    lab.docker(&["save", "-o", path.to_str().unwrap(), "shell:1"]);
    let progress = Collected::default();
    let archive = ImageArchive::read(&path, &progress).unwrap();
    assert_eq!(names(&archive), ["shell:1"]);
    let id = lab.docker(&["image", "inspect", "--format", "{{.Id}}", "shell:1"]);
    assert_eq!(archive.images[0].digest, id);
    let told = progress.bytes.load(Relaxed);
    assert!(told <= path.metadata().unwrap().len() && told > 0);
    let compose = "services: {s: {image: 'shell:1'}}\n";
    fs::write(home.path().join("compose.yaml"), compose).unwrap();
    let load = ["image", "load", "saved.tar", "--json"];
    let ran = transship(home.path(), load).exits(0);
    let loaded = document::check("image load", &ran);
    assert_eq!(loaded["images"][0]["digest"], id.as_str());
}

#[test]
fn both_ways_of_writing_an_id_are_read() {
    let archive = read(&saved()).unwrap();
    let digests: Vec<_> = archive.images.iter().map(|image| &*image.digest).collect();
    assert_eq!(digests, ["sha256:0011", "sha256:2233", "sha256:4455"]);
}

#[test]
fn a_compressed_archive_is_read_as_the_plain_one() {
    let plain = saved();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&plain).unwrap();
    assert_eq!(
        read(&packed.finish().unwrap()).unwrap(),
        read(&plain).unwrap()
    );
}

#[test]
fn an_oci_layout_is_read_where_there_is_no_list_of_docker_s() {
    let index = br#"{"schemaVersion":2,"manifests":[
      {"digest":"sha256:aa","annotations":{"io.containerd.image.name":"docker.io/library/redis:7","org.opencontainers.image.ref.name":"7"}},
      {"digest":"sha256:bb","annotations":{"org.opencontainers.image.ref.name":"team/app:2"}},
      {"digest":"sha256:cc","annotations":{"org.opencontainers.image.ref.name":"15"}},
      {"digest":"sha256:dd"}]}"#;
    let archive = read(&tar(&[("./index.json", index)])).unwrap();
    assert_eq!(archive.images.len(), 4);
    assert_eq!(names(&archive), ["docker.io/library/redis:7", "team/app:2"]);
    assert_eq!(archive.missing(&["redis:7"]), [""; 0]);
    let own = br#"[{"Config":"index.json","RepoTags":["app:1"]}]"#;
    let both = read(&tar(&[("index.json", index), ("manifest.json", own)])).unwrap();
    assert_eq!(names(&both), ["app:1"]);
}

#[test]
fn what_a_release_needs_and_the_archive_lacks_is_named() {
    let archive = read(&saved()).unwrap();
    for there in [
        "postgres:15",
        "library/postgres:15",
        "docker.io/postgres:15.8",
        "index.docker.io/library/postgres:15",
        "registry.example.org:5000/team/app:v2",
    ] {
        assert_eq!(archive.missing(&[there]), [""; 0], "{there}");
    }
    let lacking = [
        "postgres",
        "postgres:16",
        "team/app:v2",
        "registry.example.org/team/app:v2",
        "postgres@sha256:0011",
        "postgres:15@sha256:0011",
    ];
    assert_eq!(archive.missing(&lacking), lacking);
    assert_eq!(
        archive.missing(&["redis", "postgres:15", "caddy:2"]),
        ["redis", "caddy:2"]
    );
}

#[test]
fn a_name_without_a_tag_means_latest() {
    let list = br#"[{"Config":"1.json","RepoTags":["localhost/app:latest"]}]"#;
    let archive = read(&tar(&[("manifest.json", list), ("1.json", b"")])).unwrap();
    assert_eq!(archive.missing(&["localhost/app", "app"]), ["app"]);
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let plain = saved();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&plain).unwrap();
    let packed = packed.finish().unwrap();
    // Behind the last member a plain archive has nothing but zeroes.
    let last = plain.iter().rposition(|byte| *byte != 0).unwrap();
    let cuts = (0..=last).step_by(7).map(|end| &plain[..end]);
    for cut in cuts.chain((0..packed.len()).map(|end| &packed[..end])) {
        let error = read(cut).expect_err(&format!("cut at {}", cut.len()));
        assert!(error.to_string().starts_with('`'), "{error}");
    }
}

#[test]
fn what_is_no_archive_of_images_is_refused_with_a_hint() {
    let none = read(&tar(&[("README", b"hello")])).unwrap_err();
    assert!(matches!(none, ArchiveError::NoImages { .. }), "{none}");
    let text = read(&b"not an archive, but long enough for a header ".repeat(20)).unwrap_err();
    assert!(matches!(text, ArchiveError::Damaged { .. }), "{text}");
    let zstd = read(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0]).unwrap_err();
    assert!(zstd.to_string().contains("is damaged"), "{zstd}");
    for error in [none, text, zstd] {
        assert_eq!(error.hints().len(), 1, "{error}");
    }
    let absent = ImageArchive::read(Path::new("/nonexistent.tar"), &Silent).unwrap_err();
    assert!(
        matches!(absent, ArchiveError::Unreadable { .. }),
        "{absent}"
    );
}

#[test]
fn a_list_that_is_no_list_twice_there_or_endless_is_refused() {
    let wrong = read(&tar(&[("manifest.json", b"{}")])).unwrap_err();
    assert!(matches!(wrong, ArchiveError::List { .. }), "{wrong}");
    let twice = read(&tar(&[("manifest.json", LIST), ("./manifest.json", b"[]")])).unwrap_err();
    assert!(matches!(twice, ArchiveError::Twice { .. }), "{twice}");
    let long = vec![b' '; (8 << 20) + 1];
    let long = read(&tar(&[("manifest.json", &long)])).unwrap_err();
    assert!(matches!(long, ArchiveError::TooLong { .. }), "{long}");
}

#[test]
fn reading_stops_when_the_user_wants_to() {
    let (_home, path) = file(&tar(&[("manifest.json", LIST)]));
    let progress = Collected::default();
    progress.stop.store(true, Relaxed);
    let error = ImageArchive::read(&path, &progress).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
}

/// What the program `zstd` makes of the bytes.
fn zstd(bytes: &[u8], args: &[&str]) -> Vec<u8> {
    let zstd = Program::find("zstd").unwrap();
    let call = zstd.call(["--stdout", "--quiet"]).args(args);
    call.limit(64 << 20).stdin(bytes).run_well().unwrap().stdout
}

#[test]
fn an_archive_packed_by_zstd_is_read_in_one_frame_or_several() {
    if !need::program("zstd") {
        return;
    }
    let (first, second) = saved_in_two();
    let whole = zstd(&saved(), &["-19", "--long=24"]);
    // A skippable frame stands between two others (RFC 8878, 3.1.2).
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0], &b"abc"[..]].concat();
    let several = [zstd(&first, &[]), skippable, zstd(&second, &[])].concat();
    for packed in [&whole, &several] {
        assert_eq!(read(packed).unwrap(), read(&saved()).unwrap());
        let error = read(&packed[..packed.len() - 20]).unwrap_err();
        assert!(error.to_string().contains("is damaged"), "{error}");
    }
}

fn saved_in_two() -> (Vec<u8>, Vec<u8>) {
    let mut first = saved();
    let second = first.split_off(1000);
    (first, second)
}

#[test]
fn images_are_loaded_from_every_kind_of_archive_and_looked_for_afterwards() {
    if !need::docker() || !need::program("zstd") {
        return;
    }
    let lab = Lab::new("load");
    let name = format!("{}:1", lab.name("image"));
    lab.docker(&["tag", "shell:1", &name]);
    let home = tempfile::tempdir().unwrap();
    let plain = home.path().join("containers.tar");
    lab.docker(&["save", "-o", plain.to_str().unwrap(), &name]);
    let bytes = fs::read(&plain).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&bytes).unwrap();
    let docker = Docker::find(None).unwrap();
    for packed in [bytes.clone(), gzip.finish().unwrap(), zstd(&bytes, &[])] {
        lab.docker(&["rmi", &name]);
        let path = home.path().join("packed");
        fs::write(&path, &packed).unwrap();
        let archive = ImageArchive::read(&path, &Silent).unwrap();
        let told = Collected::default();
        load_images(&docker, &Disk::new(), &path, &archive, &told).unwrap();
        assert_eq!(told.bytes.into_inner(), packed.len() as u64);
        let have = local_images(&docker).unwrap();
        assert!(missing_images(&have, &[&name]).is_empty());
    }
    let mut archive = ImageArchive::read(&plain, &Silent).unwrap();
    archive.images[0].names.push("nobody/has:this".to_owned());
    let error = load_images(&docker, &Disk::new(), &plain, &archive, &Silent).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the engine lacks `nobody/has:this`"),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Failed);
    let broken = home.path().join("broken");
    fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    let error = load_images(&docker, &Disk::new(), &broken, &archive, &Silent).unwrap_err();
    assert!(matches!(error, ArchiveError::Load { .. }), "{error}");
    lab.docker(&["rmi", &name]);
}

#[test]
fn what_can_not_be_looked_into_is_named_with_the_command_that_converts_it() {
    for (magic, program) in [(&b"\xfd7zXZ\0\0"[..], "xz"), (b"BZh91AY", "bzip2")] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("images");
        fs::write(&path, magic).unwrap();
        let error = ImageArchive::read(&path, &Silent).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("compressed by {program}")),
            "{error}"
        );
        assert!(error.hints()[0].contains(&format!("{program} -dc ")));
    }
}

#[test]
fn an_engine_that_hangs_takes_nothing_and_the_user_can_stop_all_the_same() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("images");
    // More than a pipe holds.
    fs::write(&path, vec![0; 1 << 20]).unwrap();
    let archive = ImageArchive { images: Vec::new() };
    let docker = Docker::find(Some("sh -c 'exec sleep 1000' docker")).unwrap();
    let told = Collected::default();
    let since = Instant::now();
    let error = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(500));
            told.stop.store(true, Relaxed);
        });
        load_images(&docker, &Disk::new(), &path, &archive, &told).unwrap_err()
    });
    assert_eq!(error.kind(), Kind::Interrupted, "{error}");
    assert!(since.elapsed() < Duration::from_secs(20));
}
