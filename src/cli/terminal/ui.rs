//! The command's mouth: data to stdout, the rest to stderr, colour where it is wanted.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde::Serialize;

use super::color::{self, Style};
use super::failure::Failure;
use super::fold;
use super::json_document::{EventMessage, JsonDocument, event_line};
use super::pager::pager;
use super::pasted::Pasted;
use super::progress::Bars;
use super::visible::visible;
use crate::cli::options::{Common, When};
use crate::error::Kind;
use crate::progress::Progress as _;

/// How a command that didn't fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// Exit 0.
    Same,
    /// Exit 1: compared, and something differs.
    Differs,
    /// Exit 4: done, but not in full, which was said.
    Incomplete,
    /// Exit 3: told what stands against it.
    Refused,
    /// Exit 2: told as far as it could be read, which was said.
    Unreadable,
}

impl Done {
    pub(crate) fn differs(differs: bool) -> Self {
        if differs { Self::Differs } else { Self::Same }
    }
}

/// Where a command's output goes, and how it looks.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line of its own"
)]
pub(crate) struct Ui {
    pub json: bool,
    /// The install that was named by `-C`.
    pub install: Option<PathBuf>,
    pasted: Pasted,
    color_out: bool,
    color_err: bool,
    quiet: bool,
    may_page: bool,
    progress: Bars,
    acted: AtomicBool,
}

impl Ui {
    /// `commands` are those that work on an install.
    pub(crate) fn new(common: &Common, install: Option<PathBuf>, commands: Vec<String>) -> Self {
        let wanted = |terminal: bool| match common.color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && color::allowed(),
        };
        Self {
            json: common.json,
            pasted: Pasted::new(install.as_deref(), commands),
            install,
            color_out: !common.json && wanted(io::stdout().is_terminal()),
            color_err: !common.json && wanted(io::stderr().is_terminal()),
            quiet: common.quiet,
            may_page: !common.no_pager,
            progress: Bars::new(common.quiet, common.json, common.verbose),
            acted: AtomicBool::new(false),
        }
    }

    /// What the command was told to do is done, and only the telling is left: where that fails, a
    /// script must not take the work for failed.
    pub(crate) fn acted(&self) {
        self.acted.store(true, Relaxed);
    }

    /// The text with the commands in it as they can be pasted.
    pub(crate) fn pasted(&self, text: &str) -> String {
        self.pasted.of(text)
    }

    /// The observer of long work.
    pub(crate) fn progress(&self) -> &Bars {
        &self.progress
    }

    /// `text` in `style`, where stdout may be coloured.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        color::paint(self.color_out, style, text)
    }

    /// How many columns stdout has; nothing where it is no terminal.
    pub(crate) fn columns(&self) -> Option<usize> {
        fold::columns(io::stdout()).filter(|_| !self.json)
    }

    /// Text for a reader on stdout, within the columns of the terminal that it goes to.
    pub(crate) fn fitted(&self, text: &str) -> String {
        match self.columns() {
            Some(columns) => fold::fold(text, columns),
            None => text.to_owned(),
        }
    }

    /// Writes data to stdout, as it is.
    pub(crate) fn write(&self, data: &[u8]) -> Result<(), Failure> {
        self.write_from(|out| out.write_all(data))
    }

    /// Writes what `fill` writes to stdout, piece by piece.
    pub(crate) fn write_from(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        self.progress.make_room();
        let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        match fill(&mut out).and_then(|()| out.flush()) {
            // The reader has seen enough (`| head`): not this command's failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(self.untold().cause(&error)),
            Ok(()) => Ok(()),
        }
    }

    /// The answer can't be written: of what only reads, that is all that there was to do.
    fn untold(&self) -> Failure {
        let message = "can't write to standard output";
        match self.acted.load(Relaxed) {
            true => Failure::new(Kind::Untold, message).hint(
                "everything was done all the same, and only what was to be said of it is lost",
            ),
            false => Failure::new(Kind::Usage, message),
        }
    }

    /// Writes text for a reader to stdout.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        self.write(visible(text, self.color_out).as_bytes())
    }

    /// Writes long text for a reader to stdout, through a pager on a terminal.
    pub(crate) fn page(&self, text: &str) -> Result<(), Failure> {
        let pager = pager().filter(|_| self.may_page && !self.json);
        let shown = visible(text, self.color_out);
        self.progress.make_room();
        // Where it can't be started, or ends badly, the text is shown all the same.
        let asked = || {
            self.progress.interrupted();
        };
        match pager.map(|pager| pager.show(&shown, &asked)) {
            Some(Ok(())) => Ok(()),
            _ => self.write(shown.as_bytes()),
        }
    }

    /// Writes a line of text for a reader to stdout.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        self.print(&format!("{text}\n"))
    }

    /// Writes the one JSON document, of the format of this name.
    pub(crate) fn json<T: Serialize>(&self, format: &'static str, body: &T) -> Result<(), Failure> {
        let text = JsonDocument::new(format, body).text();
        let text = text.map_err(|error| self.untold().cause(&error))?;
        self.write(text.as_bytes())
    }

    /// Says something on stderr, unless told to be quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.tell("note", "", text);
        }
    }

    /// Asks on stderr, even when told to be quiet; the answer stands behind it.
    pub(crate) fn ask(&self, question: &str) {
        self.complain(question);
    }

    /// Warns on stderr, even when told to be quiet.
    pub(crate) fn warn(&self, text: &str) {
        let label = color::paint(self.color_err, color::WARNING, "warning:");
        self.tell("warning", &format!("{label} "), text);
    }

    /// A sentence on stderr, as a line of JSON where that is wanted.
    fn tell(&self, event: &'static str, label: &str, text: &str) {
        self.progress.log(&format!("{event}: {text}"));
        let text = self.pasted(text);
        match self.json {
            true => self.complain(&(event_line(event, &EventMessage { message: &text }) + "\n")),
            false => self.complain(&format!("{label}{text}\n")),
        }
    }

    /// Reports a failure and gives its exit code.
    pub(crate) fn fail(&self, failure: &Failure) -> u8 {
        if self.json {
            // The line below is on its way to stderr whatever becomes of this.
            let failure = failure.clone().pasted(&self.pasted);
            let _ = self.json("transship-failure", &failure.json());
        }
        self.fail_in_words(failure);
        failure.kind.exit_code()
    }

    /// Reports a failure on stderr alone: where stdout has its document already.
    pub(crate) fn fail_in_words(&self, failure: &Failure) {
        self.progress.log(&format!("failed: {}", failure.message));
        for cause in &failure.causes {
            self.progress.log(&format!("because: {cause}"));
        }
        if self.json {
            let failure = failure.clone().pasted(&self.pasted);
            self.complain(&(event_line("error", &failure.error_json()) + "\n"));
            return;
        }
        let paint = |style, text: &str| color::paint(self.color_err, style, text);
        let error = paint(color::ERROR, "error:");
        let failure = &failure.clone().pasted(&self.pasted);
        let several = failure.parts.len() > 1;
        let mut text = match several {
            true => format!("{error} {} things stand against it\n", failure.parts.len()),
            false => format!("{error} {}\n", failure.message),
        };
        for cause in &failure.causes {
            text += &format!("  because: {cause}\n");
        }
        for (number, part) in failure.parts.iter().enumerate().filter(|_| several) {
            text += &format!("  {}. {}\n", number + 1, part.message.trim_end());
            for hint in &part.hints {
                text += &format!("     {} {hint}\n", paint(color::HINT, "try:"));
            }
        }
        for hint in failure.hints.iter().filter(|_| !several) {
            text += &format!("  {} {hint}\n", paint(color::HINT, "try:"));
        }
        self.complain(&text);
    }

    /// Writes to stderr; when even that fails there is nobody left to tell.
    fn complain(&self, text: &str) {
        let columns = fold::columns(io::stderr()).filter(|_| !self.json);
        let fitted = columns.map(|columns| fold::fold(text, columns));
        let shown = visible(fitted.as_deref().unwrap_or(text), self.color_err);
        self.progress.make_room();
        let _ = io::stderr().lock().write_all(shown.as_bytes());
    }
}
