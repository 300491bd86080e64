//! The words of a command while it is read.

/// A command up to where it ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Command {
    pub words: Vec<Word>,
    /// What it is given on its standard input by a here-document.
    pub input: Option<String>,
    /// Bytes of the text that it takes.
    pub length: usize,
    /// Every quotation that begins in it ends.
    pub closed: bool,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    /// A variable or another command is in it, whose value the text does not show.
    pub hidden: bool,
}

/// Takes in the characters of a command.
pub struct Splitter<'a> {
    pub text: &'a str,
    pub at: usize,
    words: Vec<Word>,
    pub word: Option<Word>,
    /// The next word is the name of a file.
    pub redirected: bool,
}

impl<'a> Splitter<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            words: Vec::new(),
            word: None,
            redirected: false,
        }
    }

    pub fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    pub fn take(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    pub fn take_if(&mut self, wanted: &str) -> bool {
        let is = self.text[self.at..].starts_with(wanted);
        self.at += if is { wanted.len() } else { 0 };
        is
    }

    pub fn push(&mut self, character: char) {
        self.word.get_or_insert_default().text.push(character);
    }

    pub fn hide(&mut self) {
        self.word.get_or_insert_default().hidden = true;
    }

    pub fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.redirected)
        {
            self.words.push(word);
        }
    }

    pub fn ended(mut self, closed: bool) -> Command {
        self.end_word();
        Command {
            words: self.words,
            input: None,
            length: self.at,
            closed,
        }
    }
}

pub fn until_quote(split: &mut Splitter<'_>) -> bool {
    while let Some(character) = split.take() {
        if character == '\'' {
            return true;
        }
        split.push(character);
    }
    false
}

pub fn is_variable(next: char) -> bool {
    next.is_ascii_alphabetic() || matches!(next, '_' | '{' | '(')
}
