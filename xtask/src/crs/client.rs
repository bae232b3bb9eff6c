//! One raw exchange on a connection of its own. Only the status line of the answer is waited for.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: u64 = 64 << 10;

/// Sends the bytes as they are and returns the status of the answer.
pub(super) fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<u16> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.set_nodelay(true)?;
    // Who refuses early may close while we still write; the answer counts.
    let written = (&stream).write_all(request);
    let mut reader = BufReader::new(&stream).take(HEAD_BYTES_MAX);
    let status = status(&mut reader).map_err(|error| written.err().unwrap_or(error))?;
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 && !line.trim_ascii().is_empty() {
        line.clear();
    }
    Ok(status)
}

fn status(reader: &mut impl io::BufRead) -> io::Result<u16> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    let text = String::from_utf8_lossy(&line);
    let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    status.and_then(|status| status.trim().parse().ok()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, format!("no status line, but {:?}", text.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_required() {
        assert!(status(&mut &b""[..]).is_err());
        assert!(status(&mut &b"hello\r\n"[..]).is_err());
        assert_eq!(status(&mut &b"HTTP/1.1 204 No Content\r\n"[..]).unwrap(), 204);
        assert_eq!(status(&mut &b"HTTP/1.0 400\r\n"[..]).unwrap(), 400);
    }
}
