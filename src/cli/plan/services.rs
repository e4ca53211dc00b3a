//! What an upgrade changes, service by service: a line for each difference, and one for all services
//! that have none.

use crate::cli::terminal::ui::Ui;
use crate::cli::terminal::{color, size};
use crate::compose::Reference;
use crate::release::Version;
use crate::upgrade::planning::release_changes::{
    DataFate, MountChange, OldAndNew, ReleaseChanges, ServiceChange, ServicePresence,
};

/// The services, what stays behind, and what going back doesn't bring back.
pub(super) fn render(changes: &ReleaseChanges, from: &Version, ui: &Ui) -> String {
    let mut text = String::new();
    let services = changes.services.iter();
    let width = services
        .map(|service| service.service.chars().count())
        .max();
    let width = width.unwrap_or(0).min(28);
    let (same, others): (Vec<_>, Vec<_>) = changes
        .services
        .iter()
        .partition(|service| service.is_as_before());
    for service in others {
        for (number, line) in lines(service).iter().enumerate() {
            let name = if number == 0 {
                service.service.as_str()
            } else {
                ""
            };
            text += &format!("  {name:<width$}  {line}\n");
        }
    }
    if !same.is_empty() {
        let names: Vec<_> = same
            .iter()
            .map(|service| service.service.as_str())
            .collect();
        text += &format!("  as before: {}\n", names.join(", "));
    }
    if !text.is_empty() {
        text = ui.paint(color::HEADING, "\nServices\n") + &text;
    }
    if !changes.stays_behind.is_empty() {
        text += &format!(
            "Stays behind with {from}: {}\n",
            changes.stays_behind.join(", ")
        );
    }
    text += &left_files(changes, from);
    for line in &changes.not_brought_back {
        text += &format!("{} {line}\n", ui.paint(color::WARNING, "shared:"));
    }
    text
}

/// Files that stay behind: how many, and the first of them.
fn left_files(changes: &ReleaseChanges, from: &Version) -> String {
    const MOST: usize = 8;
    let files = &changes.left_files;
    let shown = files.iter().take(MOST);
    let mut names: Vec<_> = shown.map(|file| file.display().to_string()).collect();
    if let Some(more) = files.len().checked_sub(MOST).filter(|more| *more > 0) {
        names.push(format!("and {more} more"));
    }
    let names = names.join(", ");
    match files.len() {
        0 => String::new(),
        1 => {
            format!("Stays behind with {from}, since nothing mounts, reads or names it: {names}\n")
        }
        count => format!(
            "Stay behind with {from}, since nothing mounts, reads or names them: {count} files and folders: \
             {names}\n"
        ),
    }
}

fn lines(service: &ServiceChange) -> Vec<String> {
    let mut lines = vec![image(service)];
    lines.extend(service.mounts.iter().map(mount));
    lines.extend(ports(service));
    lines.extend(service.unseen.iter().cloned());
    lines
}

fn image(service: &ServiceChange) -> String {
    let OldAndNew { old, new } = &service.image;
    let named = |image: &Option<String>| image.as_deref().map_or("built".to_owned(), brief);
    match service.presence {
        ServicePresence::New => format!("new: {}", named(new)),
        ServicePresence::Gone => format!("gone: {}", named(old)),
        ServicePresence::Both if old == new => named(new),
        ServicePresence::Both => format!(
            "{} -> {}",
            named(old),
            shortened(old.as_deref(), new.as_deref(), &named(new))
        ),
    }
}

/// An image with the beginning of its digest.
fn brief(image: &str) -> String {
    match image.split_once("@sha256:") {
        Some((name, digest)) if digest.len() > 12 && digest.is_ascii() => {
            format!("{name}@sha256:{}...", &digest[..12])
        }
        _ => image.to_owned(),
    }
}

/// The new image, told as `told`, by its tag alone, where the repository stays.
fn shortened(old: Option<&str>, new: Option<&str>, told: &str) -> String {
    let repository = |image: &str| Some(image.parse::<Reference>().ok()?.name());
    let repositories = old.and_then(repository).zip(new.and_then(repository));
    let rest = match &repositories {
        Some((old, new)) if old == new => told.strip_prefix(new.as_str()),
        _ => None,
    };
    let tag = rest.and_then(|rest| rest.strip_prefix(':'));
    tag.unwrap_or(told).to_owned()
}

fn mount(mount: &MountChange) -> String {
    let MountChange {
        target,
        old,
        new,
        fate,
        bytes,
    } = mount;
    let (old, new) = (
        old.as_deref().unwrap_or("nothing"),
        new.as_deref().unwrap_or("nothing"),
    );
    let size = bytes.map(|bytes| format!(" ({})", size::human(bytes)));
    let size = size.unwrap_or_default();
    let what = match fate {
        DataFate::Copied => format!("{old} -> {new}{size}"),
        DataFate::Carried if old == new => format!("{new}, carried{size}"),
        DataFate::Carried => format!("{old} -> {new}, carried{size}"),
        DataFate::Shared if old == new => format!("{new}, both releases'"),
        DataFate::Shared => format!("{old} -> {new}, not the new release's alone"),
        DataFate::Fresh => format!("{new}, begins empty"),
        DataFate::StaysBehind => format!("{old} stays behind"),
    };
    format!("{target}: {what}")
}

fn ports(service: &ServiceChange) -> Option<String> {
    let OldAndNew { old, new } = &service.ports;
    let told = |ports: &[String]| match ports {
        [] => "none".to_owned(),
        ports => ports.join(", "),
    };
    if service.presence == ServicePresence::Gone || old == new {
        return None;
    }
    if service.presence == ServicePresence::New && new.is_empty() {
        return None;
    }
    if service.presence == ServicePresence::New {
        return Some(format!("ports {}", told(new)));
    }
    Some(format!("ports {} -> {}", told(old), told(new)))
}
