//! `transship release prune`.

use serde::Serialize;

use crate::cli::consent::YesArg;
use crate::cli::held;
use crate::cli::install_place::InstallArg;
use crate::cli::options::VolumesArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::size;
use crate::cli::terminal::ui::{Done, Ui};
use crate::fs::Disk;
use crate::release::Version;
use crate::upgrade::prune::{PrunedRelease, Pruning};

/// Remove old releases with their volumes, plans and held images.
///
/// The N newest stay, and whatever is needed: the current release, the one before it, those of the
/// last run, and any that something uses or may use. Of a release that goes, a volume stays where a
/// release that stays uses it, or where none of them has data of that key. What is outside of
/// releases is never touched. Journals stay.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReleasePrune {
    /// How many of the newest releases stay, the current one among them
    #[arg(long, value_name = "N")]
    keep: usize,
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    volumes: VolumesArg,
    /// Only show what would go, and what stays for which reason
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: YesArg,
}

/// The document of `--json`.
#[derive(Serialize)]
struct PruneJson<'a> {
    removed: bool,
    bytes: u64,
    releases: Vec<PrunedJson<'a>>,
    kept: Vec<ReasonJson<'a>>,
}

#[derive(Serialize)]
struct PrunedJson<'a> {
    version: &'a Version,
    bytes: u64,
    volumes: Vec<PrunedVolumeJson<'a>>,
    left: Vec<ReasonJson<'a>>,
    plans: usize,
    images: Vec<&'a str>,
    /// Why the images that are held can't be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    images_unknown: Option<&'a str>,
}

#[derive(Serialize)]
struct PrunedVolumeJson<'a> {
    name: &'a str,
    bytes: u64,
}

#[derive(Serialize)]
struct ReasonJson<'a> {
    name: &'a str,
    because: &'a str,
}

pub(super) fn run(args: &ReleasePrune, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "release prune")?;
    held::warn(&args.volumes.engine.docker, ui);
    let store = args.volumes.store(&args.volumes.place(install.root())?)?;
    let pruning = Pruning::find(&install, args.keep, store.as_ref(), ui.progress())?;
    let nothing = pruning.releases.is_empty();
    if !ui.json {
        ui.print(&text(&pruning))?;
    }
    let go_on = !args.dry_run && !nothing;
    if go_on {
        args.consent.require(ui)?;
        pruning.remove(&install, &disk, store.as_ref())?;
        ui.acted();
    }
    if ui.json {
        ui.json("transship-release-prune", &json(&pruning, go_on))?;
    } else if go_on {
        ui.line(&format!("removed, {} freed", size::human(bytes(&pruning))))?;
    }
    Ok(Done::Same)
}

fn bytes_of(release: &PrunedRelease) -> u64 {
    let volumes = release.volumes.iter().map(|volume| volume.bytes);
    release.bytes + volumes.sum::<u64>()
}

fn bytes(pruning: &Pruning) -> u64 {
    pruning.releases.iter().map(bytes_of).sum()
}

fn text(pruning: &Pruning) -> String {
    let mut text = String::new();
    for release in &pruning.releases {
        let freed = size::human(bytes_of(release));
        text += &format!("{} goes, which frees {freed}\n", release.version);
        for folder in &release.folders {
            text += &format!("  remove {}\n", folder.display());
        }
        for volume in &release.volumes {
            let bytes = size::human(volume.bytes);
            text += &format!("  remove volume {} ({bytes})\n", volume.name);
        }
        for (name, because) in &release.left {
            text += &format!("  leave volume {name}: {because}\n");
        }
        for hold in &release.holds {
            text += &format!("  let go image {}\n", hold.tag);
        }
        if let Some(why) = &release.holds_unknown {
            text += &format!("  leave images that may be held for it: {why}\n");
        }
        if !release.plans.is_empty() {
            let plans = size::count(release.plans.len() as u64, "plan");
            text += &format!("  remove {plans}\n");
        }
    }
    for kept in &pruning.kept {
        text += &format!("{} stays: {}\n", kept.version, kept.because);
    }
    if pruning.releases.is_empty() {
        text += "no release goes\n";
    }
    text
}

fn json(pruning: &Pruning, removed: bool) -> PruneJson<'_> {
    PruneJson {
        removed,
        bytes: bytes(pruning),
        releases: pruning.releases.iter().map(pruned).collect(),
        kept: pruning
            .kept
            .iter()
            .map(|kept| ReasonJson {
                name: kept.version.as_str(),
                because: &kept.because,
            })
            .collect(),
    }
}

fn pruned(release: &PrunedRelease) -> PrunedJson<'_> {
    PrunedJson {
        version: &release.version,
        bytes: release.bytes,
        volumes: release
            .volumes
            .iter()
            .map(|volume| PrunedVolumeJson {
                name: &volume.name,
                bytes: volume.bytes,
            })
            .collect(),
        left: release
            .left
            .iter()
            .map(|(name, because)| ReasonJson { name, because })
            .collect(),
        plans: release.plans.len(),
        images_unknown: release.holds_unknown.as_deref(),
        images: release.holds.iter().map(|hold| hold.tag.as_str()).collect(),
    }
}
