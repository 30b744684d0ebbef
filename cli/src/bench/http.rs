//! A lean HTTP/1.1 client with one kept connection: a load generator must cost less than what it measures.

use std::net::SocketAddr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::error::BenchError;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// One connection to the relay, with a key.
pub(super) struct Http {
    stream: TcpStream,
    address: SocketAddr,
    key: String,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

/// What came back.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Http {
    pub(super) async fn connect(address: SocketAddr, key: &str) -> Result<Self, BenchError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, key: key.to_owned(), out: Vec::new(), buffer: Vec::new() })
    }

    /// Sends a request and reads its answer, whatever its status.
    pub(super) async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Answer<'_>, BenchError> {
        self.out.clear();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        self.out.extend_from_slice(head.as_bytes());
        if !self.key.is_empty() {
            let key = format!("authorization: Bearer {}\r\n", self.key);
            self.out.extend_from_slice(key.as_bytes());
        }
        if let Some(body) = body {
            let kind = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
            self.out.extend_from_slice(kind.as_bytes());
        }
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(body.unwrap_or_default());
        self.stream.write_all(&self.out).await?;
        self.buffer.clear();
        let mut head = None;
        loop {
            if head.is_none() {
                head = parse_head(&self.buffer)?;
            }
            if let Some(head) = &head
                && self.buffer.len() >= head.length + head.body
            {
                let body = self.buffer.get(head.length..head.length + head.body).unwrap_or_default();
                return Ok(Answer { status: head.status, body });
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 || self.buffer.len() > MAX_ANSWER {
                return Err(BenchError::BadReply("an HTTP answer"));
            }
        }
    }

    /// Sends a request that must succeed, and reads the JSON of its answer.
    pub(super) async fn json<T: DeserializeOwned>(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, BenchError> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|_| BenchError::BadReply("a request"))?;
        let answer = self.call(method, path, body.as_deref()).await?;
        if !(200..300).contains(&answer.status) {
            return Err(BenchError::Http {
                what: format!("{method} {path}"),
                status: answer.status,
                body: String::from_utf8_lossy(answer.body).into_owned(),
            });
        }
        let body = if answer.body.is_empty() { b"null" } else { answer.body };
        serde_json::from_slice(body).map_err(|_| BenchError::BadReply("an answer's JSON"))
    }

    pub(super) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, BenchError> {
        self.json("GET", path, None::<&()>).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, BenchError> {
        self.json("POST", path, Some(body)).await
    }
}

struct Head {
    status: u16,
    /// Bytes of the head itself.
    length: usize,
    /// Bytes of the body.
    body: usize,
}

/// Reads the head once it is complete.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>, BenchError> {
    const BAD: BenchError = BenchError::BadReply("an HTTP answer's head");
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok()).ok_or(BAD)?;
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|s| s.parse().ok()).ok_or(BAD)?;
    let mut body = 0;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(BAD)?;
        if name.eq_ignore_ascii_case("content-length") {
            body = value.trim().parse().map_err(|_| BAD)?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(BAD);
        }
    }
    Ok(Some(Head { status, length: end + 4, body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_once_they_are_whole() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nx: y\r\n\r\n{\"a\"";
        assert!(parse_head(&whole[..30]).unwrap().is_none());
        let head = parse_head(whole).unwrap().unwrap();
        assert_eq!((head.status, head.length, head.body), (201, whole.len() - 4, 5));
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(parse_head(b"nonsense\r\n\r\n").is_err());
    }
}
