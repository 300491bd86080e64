//! `authscope-cli repeat`: a recorded request as code.

use std::process::ExitCode;

use app::Document;
use formats::{Language, Secrets};

use crate::arguments::{RepeatArguments, RepeatAs};
use crate::check_command::open;
use crate::terminal::{Failure, Terminal};

pub async fn run(arguments: &RepeatArguments) -> Result<ExitCode, Failure> {
    let document = Document::recorded(1, open(&arguments.file)?).await;
    let language = match arguments.language {
        RepeatAs::Curl => Language::Curl,
        RepeatAs::Fetch => Language::Fetch,
        RepeatAs::Python => Language::Python,
    };
    let secrets = if arguments.include_secrets {
        Secrets::Included
    } else {
        Secrets::Redacted
    };
    let number = arguments.number;
    let code = document.repeat(number, language, secrets).ok_or_else(|| {
        let requests = document.trace().exchanges().count();
        format!(
            "N: expected the number of a request, got {number}; there are {requests}, see check"
        )
    })?;
    let terminal = Terminal::standard_output();
    code.lines().try_for_each(|line| terminal.line(line))?;
    Ok(ExitCode::SUCCESS)
}
