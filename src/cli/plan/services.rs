//! What an upgrade changes, service by service: a line for each difference, and one for all services
//! that have none.

use crate::cli::terminal::ui::Ui;
use crate::cli::terminal::{color, size};
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
    let width = width.unwrap_or(0).min(16);
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
    for line in &changes.not_brought_back {
        text += &format!("{} {line}\n", ui.paint(color::WARNING, "shared:"));
    }
    text
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
    let named = |image: &Option<String>| image.clone().unwrap_or_else(|| "built".to_owned());
    match service.presence {
        ServicePresence::New => format!("new: {}", named(new)),
        ServicePresence::Gone => format!("gone: {}", named(old)),
        ServicePresence::Both if old == new => named(new),
        ServicePresence::Both => format!(
            "{} -> {}",
            named(old),
            shortened(old.as_deref(), &named(new))
        ),
    }
}

/// The new image by its tag alone, where the repository stays.
fn shortened(old: Option<&str>, new: &str) -> String {
    let repository = |image: &str| image.rsplit_once(':').map(|(repo, _)| repo.to_owned());
    let same = old.and_then(repository).zip(repository(new));
    match same {
        Some((old, repository)) if old == repository => new[repository.len() + 1..].to_owned(),
        _ => new.to_owned(),
    }
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
    let what = match fate {
        DataFate::Copied => {
            let size = bytes.map(|bytes| format!(" ({})", size::human(bytes)));
            format!("{old} -> {new}{}", size.unwrap_or_default())
        }
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
