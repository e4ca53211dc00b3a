//! `transship doctor`.

use serde::Serialize;

use super::held;
use super::install_place::InstallArg;
use super::options::VolumesArg;
use super::terminal::color::{ERROR, WARNING};
use super::terminal::failure::Failure;
use super::terminal::table;
use super::terminal::ui::{Done, Ui};
use super::upgrade_options::UpgradeOptions;
use crate::doctor::{Finding, RULES, Severity};
use crate::error::Kind;
use crate::near_match::near_match;
use crate::release::Version;
use crate::upgrade::planning::examination::{PLANNERS, examine};

/// Find what would stop an upgrade, and what to know before one.
///
/// Every check that `plan` makes, and those on the machine, the engine, databases, names and
/// secrets, each by an id. With VERSION the upgrade to that release is examined, without it the
/// release in use. Nothing is changed and nothing is started. What can't be known is told as unknown.
///
/// The exit code is 0 where nothing is found, 1 where there are warnings only, and 3 where
/// something stands against an upgrade or can't be known.
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// The release to upgrade to
    version: Option<Version>,
    #[command(flatten)]
    wanted: UpgradeOptions,
    /// A rule whose findings are to be left out; repeatable
    #[arg(long, value_name = "ID")]
    ignore: Vec<String>,
    /// List the rules
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    volumes: VolumesArg,
}

/// The document of `--json`.
#[derive(Serialize)]
struct DoctorJson<'a> {
    /// The release that an upgrade would lead to; null where none was named.
    to: Option<&'a Version>,
    findings: &'a [Finding],
    ignored: &'a [String],
}

pub(super) fn run(args: &DoctorArgs, ui: &Ui) -> Result<Done, Failure> {
    if args.list {
        return list(ui);
    }
    let known = rules();
    if let Some(id) = args
        .ignore
        .iter()
        .find(|id| known.iter().all(|(known, _)| known != id))
    {
        let failure = Failure::new(Kind::Usage, format!("there is no rule `{id}`"));
        return Err(
            match near_match(id, known.iter().map(|(known, _)| *known)) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint("`transship doctor --list` lists them"),
            },
        );
    }
    let install = args.install.adopted(ui)?;
    held::warn(&args.volumes.engine.docker, ui);
    let place = args.volumes.place(install.root())?;
    let store = args.volumes.store(&place)?;
    let wanted = args.version.as_ref().map(|version| {
        let (mut request, recorded) = args.wanted.request(&install, version, place, ui)?;
        request.from_project = request.from_project.or(recorded);
        Ok::<_, Failure>(request)
    });
    let request = wanted.transpose()?;
    let mut findings = examine(&install, request.as_ref(), store.as_ref(), ui.progress())?;
    findings.retain(|finding| args.ignore.iter().all(|id| id != finding.rule));
    if ui.json {
        ui.json(
            "transship-doctor",
            &DoctorJson {
                to: args.version.as_ref(),
                findings: &findings,
                ignored: &args.ignore,
            },
        )?;
    } else {
        ui.print(&text(&findings, ui))?;
    }
    let is_only_warned = |finding: &Finding| finding.severity == Severity::Warning;
    Ok(match findings.iter().all(is_only_warned) {
        true => Done::differs(!findings.is_empty()),
        false => Done::Refused,
    })
}

fn text(findings: &[Finding], ui: &Ui) -> String {
    if findings.is_empty() {
        return "nothing was found\n".to_owned();
    }
    let mut text = String::new();
    for finding in findings {
        let style = match finding.severity {
            Severity::Error | Severity::Unknown => ERROR,
            Severity::Warning => WARNING,
        };
        let word = ui.paint(style, finding.severity.word());
        text += &format!("{word} [{}] {}\n", finding.rule, finding.told());
        text += &format!("  try: {}\n", finding.hint);
    }
    text
}

/// All ids, with what each rule looks for.
pub(super) fn rules() -> Vec<(&'static str, &'static str)> {
    let rules = RULES.iter().map(|rule| (rule.id, rule.looks_for));
    let mut rules: Vec<_> = rules.chain(PLANNERS).collect();
    rules.sort_unstable();
    rules
}

fn list(ui: &Ui) -> Result<Done, Failure> {
    #[derive(Serialize)]
    struct RulesJson {
        rules: Vec<RuleJson>,
    }
    #[derive(Serialize)]
    struct RuleJson {
        id: &'static str,
        looks_for: &'static str,
    }
    if ui.json {
        let rules = rules().into_iter();
        let rules: Vec<_> = rules
            .map(|(id, looks_for)| RuleJson { id, looks_for })
            .collect();
        ui.json("transship-doctor-list", &RulesJson { rules })?;
        return Ok(Done::Same);
    }
    let rows: Vec<_> = rules()
        .into_iter()
        .map(|(id, looks_for)| [id.to_owned(), looks_for.to_owned()])
        .collect();
    ui.print(&table::render(["RULE", "LOOKS FOR"], &rows))?;
    Ok(Done::Same)
}
