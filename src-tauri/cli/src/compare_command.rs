//! `authscope-cli compare`: what differs between two recordings.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use app::{Compared, Document, compare_documents, comparison_report};
use compare::{
    ComparedRow, ComparedStep, Comparison, Difference, FindingChange, RowState, WhatBecame,
};
use diagnosis::Level;
use formats::visible_json;

use crate::arguments::CompareArguments;
use crate::check_command::open;
use crate::paint::Paint;
use crate::run_command::{create, failure, write};
use crate::terminal::{BOLD, DIM, Failure, GREEN, Line, RED, Terminal, YELLOW};

pub async fn run(arguments: &CompareArguments) -> Result<ExitCode, Failure> {
    let to_standard_output = arguments.json.as_deref() == Some(Path::new("-"));
    let paint = Paint::new(if to_standard_output {
        Terminal::standard_error()
    } else {
        Terminal::standard_output()
    });
    let (of_a, of_b) = (FlowOf::read(&arguments.a), FlowOf::read(&arguments.b));
    let a = document(1, &of_a.file).await?;
    let b = document(2, &of_b.file).await?;
    let json = arguments.json.as_deref().filter(|_| !to_standard_output);
    let json = json.map(create).transpose()?;
    let comparison = compare_documents(of_a.compared("A", &a), of_b.compared("B", &b));
    let comparison = comparison.map_err(failure)?;
    for (path, is_there) in [
        (
            &of_a.file,
            comparison.rows.iter().any(|row| row.a.is_some()),
        ),
        (
            &of_b.file,
            comparison.rows.iter().any(|row| row.b.is_some()),
        ),
    ] {
        if !is_there {
            let path = path.display();
            let message = format!("{path}: expected an OAuth flow of an MCP client, got none");
            return Err(message.into());
        }
    }
    print(&comparison, arguments, &paint)?;
    let report = || comparison_report(&comparison, &a, &b);
    if to_standard_output {
        Terminal::standard_output().json(&report())?;
    } else if let Some(file) = json {
        write(file, arguments.json.as_deref(), |to| {
            writeln!(to, "{}", visible_json(&format!("{:#}", report())))
        })?;
    }
    Ok(if comparison.same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A recording, and which of its flows is meant.
struct FlowOf {
    file: PathBuf,
    flow: Option<u16>,
}

impl FlowOf {
    /// `FILE#2`, unless there is a file of that name.
    fn read(path: &Path) -> Self {
        let named = path.to_str().filter(|_| !path.exists());
        let named = named.and_then(|text| text.rsplit_once('#'));
        let flow = named.and_then(|(file, flow)| Some((file, flow.parse().ok()?)));
        match flow {
            Some((file, flow)) => Self {
                file: file.into(),
                flow: Some(flow),
            },
            None => Self {
                file: path.to_owned(),
                flow: None,
            },
        }
    }

    fn compared<'a>(&self, name: &'a str, document: &'a Document) -> Compared<'a> {
        Compared {
            name,
            document,
            flow: self.flow,
        }
    }
}

/// Differences of a step that are listed: an answer of another kind differs in all it holds.
const FEW: usize = 8;

async fn document(id: u32, path: &Path) -> Result<Arc<Document>, Failure> {
    let opened = open(path)?;
    for note in &opened.notes {
        Terminal::standard_error().line(format!("{}: {note}", path.display()))?;
    }
    Ok(Document::recorded(id, opened).await)
}

fn print(
    comparison: &Comparison,
    arguments: &CompareArguments,
    paint: &Paint,
) -> Result<(), Failure> {
    paint.say(format!("A: {}", arguments.a.display()))?;
    paint.say(format!("B: {}", arguments.b.display()))?;
    for note in &comparison.notes {
        paint.say(format!("Note: {note}"))?;
    }
    paint.say("")?;
    paint.say(Line::new().styled(DIM, "  A   B"))?;
    for row in &comparison.rows {
        let is_same = matches!(row.state, RowState::Same | RowState::NotCounted);
        if is_same && !arguments.all {
            continue;
        }
        paint.say(row_line(row))?;
        let noise = row
            .noise
            .iter()
            .filter(|one| one.a.is_some() || one.b.is_some());
        let most = if arguments.all { usize::MAX } else { FEW };
        for difference in row.differences.iter().take(most) {
            paint.say(difference_line(difference))?;
        }
        let more = row.differences.len().saturating_sub(most);
        if more > 0 {
            paint.say(Line::new().styled(DIM, format!("           and {more} more")))?;
        }
        for difference in noise.filter(|_| arguments.all) {
            paint.say(difference_line(difference))?;
        }
    }
    let same = |row: &&ComparedRow| row.state == RowState::Same;
    let count = comparison.rows.iter().filter(same).count();
    let hint = if arguments.all {
        ""
    } else {
        "; --all lists them"
    };
    paint.say(Line::new().styled(DIM, format!("  {count} steps are the same{hint}")))?;
    print_findings(comparison, arguments.all, paint)?;
    let folded: Vec<String> = comparison
        .noise
        .iter()
        .map(|noise| format!("{} {}", noise.count, noise.words))
        .collect();
    if !folded.is_empty() {
        let line = format!("Folded: {}", folded.join(", "));
        paint.say(Line::new().styled(DIM, line))?;
    }
    paint.say("")?;
    let (colour, sign) = if comparison.same {
        (GREEN, "✓")
    } else {
        (RED, "✕")
    };
    let line = Line::new().styled(colour, sign);
    paint.say(line.plain(format!(" {}", comparison.sentence)))
}

fn row_line(row: &ComparedRow) -> Line {
    let number = |step: &Option<ComparedStep>| {
        step.as_ref()
            .map_or("-".to_owned(), |step| step.seq.to_string())
    };
    let (colour, word) = match row.state {
        RowState::Same => (GREEN, "same"),
        RowState::Different => (YELLOW, "differs"),
        RowState::OnlyA => (RED, "only in A"),
        RowState::OnlyB => (RED, "only in B"),
        RowState::NotCounted => (DIM, "not counted"),
    };
    let step = row.a.as_ref().or(row.b.as_ref());
    let request = step.map_or(String::new(), |step| {
        let path = step.path.split('?').next().unwrap_or_default();
        format!("{} {path}", step.method)
    });
    let status = |step: &Option<ComparedStep>| {
        let step = step.as_ref();
        step.and_then(|step| step.status)
            .map_or("-".to_owned(), |status| status.to_string())
    };
    let statuses = match (status(&row.a), status(&row.b)) {
        (a, b) if a == b => a,
        (a, b) => format!("{a} / {b}"),
    };
    Line::new()
        .styled(DIM, format!("{:>3} {:>3}", number(&row.a), number(&row.b)))
        .plain(format!("  {:<30} ", row.title))
        .styled(DIM, format!("{request:<44} "))
        .plain(format!("{statuses:<10}"))
        .styled(colour, word)
}

fn difference_line(difference: &Difference) -> Line {
    let value = |value: &Option<String>| match value.as_deref() {
        None => "not there".to_owned(),
        Some("") => "empty".to_owned(),
        Some(value) => value.to_owned(),
    };
    let line = Line::new().plain(format!("           {}: ", difference.what));
    let (a, b) = (value(&difference.a), value(&difference.b));
    match difference.noise {
        Some(noise) => {
            let line = line.styled(DIM, format!("{a} / {b}"));
            line.styled(DIM, format!("  ({})", noise.words()))
        }
        None => line.styled(RED, a).plain(" / ").styled(GREEN, b),
    }
}

fn print_findings(comparison: &Comparison, all: bool, paint: &Paint) -> Result<(), Failure> {
    let changed = comparison.findings.iter().filter(|change| {
        change.became != WhatBecame::Stayed && (all || change.level > Level::Note)
    });
    for (at, change) in changed.enumerate() {
        if at == 0 {
            paint.say("")?;
        }
        paint.say(finding_line(change))?;
    }
    Ok(())
}

fn finding_line(change: &FindingChange) -> Line {
    let (colour, word) = match change.became {
        WhatBecame::Went => (GREEN, "only in A"),
        WhatBecame::Came => (RED, "only in B"),
        WhatBecame::Stayed => (DIM, "in both"),
    };
    let line = Line::new()
        .styled(colour, format!("{word}  "))
        .styled(BOLD, change.code.as_str())
        .plain(format!(" {}", change.title));
    match &change.why {
        Some(why) => line.styled(DIM, format!("  (not counted: {why})")),
        None => line,
    }
}
