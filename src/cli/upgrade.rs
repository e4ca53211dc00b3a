//! `transship upgrade`.

use std::io::{self, BufRead as _};

use super::apply::{ApplyHow, carry_out};
use super::consent::{YesArg, can_ask};
use super::plan::{MadePlan, PlanArgs, PlanJson, make};
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::error::{Code, Kind};
use crate::fs::Disk;
use crate::upgrade::Runner;

/// Upgrade: plan it, show the plan, ask, and do it.
///
/// While the old release serves, everything is made ready: images are loaded or pulled, files
/// laid out, volumes copied as they are. Then the old release is stopped, what changed is copied
/// again and verified, the new one is started and seen to be well, and `current` is switched.
/// Where anything of that fails, or on Ctrl-C, the old release is started again (exit code 5).
#[derive(Debug, clap::Args)]
pub(super) struct UpgradeArgs {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    how: ApplyHow,
    #[command(flatten)]
    consent: YesArg,
}

pub(super) fn run(args: &UpgradeArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = args.plan.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "upgrade")?;
    let MadePlan {
        prepared, store, ..
    } = make(&args.plan, &install, &disk, ui)?;
    if !ui.json {
        super::plan::show(&prepared, store.as_ref(), ui)?;
    }
    prepared.plan.require_settled()?;
    if args.plan.dry_run {
        if ui.json {
            let document = PlanJson::of(None, &prepared, store.as_ref(), ui);
            ui.json("transship-plan-shown", &document)?;
        }
        return Ok(Done::Same);
    }
    if !args.consent.yes {
        ask(&prepared.plan.id, ui)?;
    }
    super::rehearse::look_for(&install, &prepared, store.as_ref(), ui)?;
    let plan = prepared.plan.clone();
    let accept_unknown = args.plan.downtime.accept_unknown_downtime;
    args.how.terms.require_known(&plan, accept_unknown)?;
    let runner = Runner {
        install: &install,
        disk: &disk,
        volumes: store.as_ref(),
        progress: ui.progress(),
        on_failure: args.how.on_failure(),
    };
    carry_out(&runner, plan, &prepared, &args.how, ui)
}

/// Asks on a terminal; refuses where there is none.
fn ask(id: &str, ui: &Ui) -> Result<(), Failure> {
    if !can_ask(ui) {
        let what = "there is no terminal to ask on whether to go on";
        return Err(Failure::new(Kind::Refused, what)
            .code(Code::NeedsYes)
            .hint("say `--yes`")
            .hint(format!(
                "or do the plan that is saved: transship apply {id}"
            )));
    }
    // Who can't be asked hasn't agreed.
    ui.ask("Do it? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(
            Failure::new(Kind::Refused, "not done, since you didn't say yes")
                .code(Code::NeedsYes)
                .hint(format!("the plan is saved: transship apply {id}")),
        ),
    }
}
