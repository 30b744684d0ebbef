//! Key fobs in a CSV file (RFC 4180): with a header that names the columns, or in the order of the OATH files that makers
//! deliver: serial, secret, type, digits, period or counter, hash.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use nod_protocol::otp::Algorithm;
use zeroize::Zeroizing;

use super::{Draft, FileError, Moving, Reason, Taken, hash, secret};

/// The longest line, in bytes.
const MAX_LINE: usize = 64 * 1024;
/// The most columns of a line.
const MAX_COLUMNS: usize = 16;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Serial,
    Secret,
    Type,
    Digits,
    Period,
    Counter,
    /// The period of a fob that follows the time, the counter of one that counts.
    Moving,
    Algorithm,
    Model,
}

impl Column {
    /// The columns that a header may name.
    const NAMED: [(&'static str, Self); 8] = [
        ("serial", Self::Serial),
        ("secret", Self::Secret),
        ("type", Self::Type),
        ("digits", Self::Digits),
        ("period", Self::Period),
        ("counter", Self::Counter),
        ("algorithm", Self::Algorithm),
        ("model", Self::Model),
    ];
    /// The columns of a file without a header.
    const PLAIN: [Self; 6] =
        [Self::Serial, Self::Secret, Self::Type, Self::Digits, Self::Moving, Self::Algorithm];

    fn named(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        Self::NAMED.iter().find(|(name, _)| *name == text).map(|(_, column)| *column)
    }
}

/// Reads every line that is neither empty nor a comment (`#`).
///
/// # Errors
/// [`FileError`] when no line may be imported.
pub(super) fn read(text: &str, taken: &mut Taken) -> Result<(), FileError> {
    let mut lines = Lines::new(text);
    let mut columns: Option<Vec<Column>> = None;
    while let Some(line) = lines.next()? {
        let fields = line.fields(&lines);
        if fields.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        // A quotation mark that is not closed takes the fobs of the lines that follow into its field.
        if fields.iter().any(|field| field.contains(['\r', '\n'])) {
            return Err(FileError::Quote(line.number));
        }
        let first = columns.is_none();
        if first {
            if let Some(named) = header(&fields)? {
                columns = Some(named);
                continue;
            }
            columns = Some(Column::PLAIN.to_vec());
        }
        let columns = columns.as_deref().unwrap_or_default();
        let row = Row { fields: &fields, columns };
        if first && !row.has_secret() {
            let known = Column::NAMED.map(|(name, _)| name).join(", ");
            return Err(FileError::Header { line: line.number, known });
        }
        taken.take(line.number, row.field(Column::Serial), row.draft())?;
    }
    Ok(())
}

/// The columns that a header names; `None` when the line is a fob already.
fn header(fields: &[&str]) -> Result<Option<Vec<Column>>, FileError> {
    if !fields.iter().any(|field| Column::named(field).is_some_and(|c| c != Column::Model)) {
        return Ok(None);
    }
    let mut columns = Vec::new();
    for field in fields {
        match Column::named(field).filter(|column| !columns.contains(column)) {
            Some(column) => columns.push(column),
            None => return Err(FileError::Column(super::shown(field))),
        }
    }
    for (name, column) in [("serial", Column::Serial), ("secret", Column::Secret), ("type", Column::Type)] {
        if !columns.contains(&column) {
            return Err(FileError::NoColumn(name));
        }
    }
    Ok(Some(columns))
}

/// One fob's line.
struct Row<'a> {
    fields: &'a [&'a str],
    columns: &'a [Column],
}

impl<'a> Row<'a> {
    /// What a column holds, if it holds anything.
    fn field(&self, column: Column) -> Option<&'a str> {
        let at = self.columns.iter().position(|c| *c == column)?;
        self.fields.get(at).map(|field| field.trim()).filter(|field| !field.is_empty())
    }

    /// The number in a column, `or` when it is empty.
    fn number(&self, column: Column, or: u64, reason: Reason) -> Result<u64, Reason> {
        self.field(column).map_or(Ok(or), |text| text.parse().map_err(|_| reason))
    }

    /// Whether the line holds a secret where a file without a header has it.
    fn has_secret(&self) -> bool {
        let secret = self.field(Column::Secret).and_then(secret::otp);
        secret.is_some_and(|secret| super::SECRET_BYTES.contains(&secret.len()))
    }

    fn draft(&self) -> Result<Draft<'a>, Reason> {
        if self.fields.len() > self.columns.len() {
            return Err(Reason::Columns);
        }
        let serial = self.field(Column::Serial).ok_or(Reason::Serial)?;
        let secret = self.field(Column::Secret).ok_or(Reason::NoSecret)?;
        let secret = secret::otp(secret).ok_or(Reason::SecretForm)?;
        let plain = self.columns.contains(&Column::Moving);
        let (period, counter) =
            if plain { (Column::Moving, Column::Moving) } else { (Column::Period, Column::Counter) };
        let moving = match self.field(Column::Type).map(str::to_ascii_lowercase).as_deref() {
            Some("totp") => {
                let seconds = self.number(period, 30, Reason::Period)?;
                Moving::Time { period_s: u32::try_from(seconds).map_err(|_| Reason::Period)? }
            }
            Some("hotp") => Moving::Counter { next: self.number(counter, 0, Reason::Counter)? },
            // The makers' files leave it out for fobs that count.
            None if plain => Moving::Counter { next: self.number(counter, 0, Reason::Counter)? },
            _ => return Err(Reason::Type),
        };
        Ok(Draft {
            serial,
            model: self.field(Column::Model).unwrap_or_default().to_owned(),
            secret,
            algorithm: self
                .field(Column::Algorithm)
                .map_or(Ok(Algorithm::Sha1), |name| hash(name).ok_or(Reason::Hash))?,
            digits: self.number(Column::Digits, 6, Reason::Digits)?,
            moving,
        })
    }
}

/// Splits a file into lines and fields; its buffer is wiped.
struct Lines<'a> {
    reader: Reader,
    rest: &'a [u8],
    /// The number of the line that `rest` begins in.
    line: u64,
    buffer: Zeroizing<Vec<u8>>,
    ends: [usize; MAX_COLUMNS],
}

/// One line: its number and how many fields it has.
struct Line {
    number: u64,
    fields: usize,
}

impl Line {
    fn fields<'a>(&self, lines: &'a Lines<'_>) -> Vec<&'a str> {
        let mut begin = 0;
        let mut fields = Vec::with_capacity(self.fields);
        for end in lines.ends.iter().take(self.fields) {
            // Fields of a UTF-8 text end at ASCII characters: each is UTF-8 itself.
            let field = lines.buffer.get(begin..*end).and_then(|bytes| std::str::from_utf8(bytes).ok());
            fields.push(field.unwrap_or_default());
            begin = *end;
        }
        fields
    }
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter(text)).build();
        let buffer = Zeroizing::new(vec![0; MAX_LINE]);
        Self { reader, rest: text.as_bytes(), line: 1, buffer, ends: [0; MAX_COLUMNS] }
    }

    fn next(&mut self) -> Result<Option<Line>, FileError> {
        self.skip();
        let number = self.line;
        let (mut written, mut fields) = (0, 0);
        loop {
            let out = self.buffer.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(fields..).unwrap_or_default();
            let (result, read, wrote, ended) = self.reader.read_record(self.rest, out, ends);
            self.leave(read);
            written += wrote;
            fields += ended;
            match result {
                ReadRecordResult::Record => return Ok(Some(Line { number, fields })),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(FileError::Line(number));
                }
                // The next call, with nothing, ends the last line.
                ReadRecordResult::InputEmpty => {}
            }
        }
    }

    /// Leaves empty lines and comments behind.
    fn skip(&mut self) {
        loop {
            let length = match self.rest {
                [b'\r' | b'\n', ..] => 1,
                [b'#', ..] => self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len()),
                _ => return,
            };
            self.leave(length);
        }
    }

    fn leave(&mut self, length: usize) {
        if let Some((left, rest)) = self.rest.split_at_checked(length) {
            let ends = left.iter().filter(|byte| **byte == b'\n').count();
            self.line += u64::try_from(ends).unwrap_or_default();
            self.rest = rest;
        }
    }
}

/// What stands between the fields, as the first line that says something has it: a comma, a semicolon or a tab.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or("");
    [b',', b';', b'\t'].into_iter().find(|byte| first.as_bytes().contains(byte)).unwrap_or(b',')
}
