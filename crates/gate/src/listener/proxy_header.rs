//! Who is behind a load balancer that passes TCP on: the PROXY protocol, version 2, binary form.
//!
//! Only from addresses that are named, and from those on every connection: a header that may be
//! there or not would let anybody claim an address. Version 1, a line of text, is not read.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads the header, and not a byte beyond it: who is on the wire.
///
/// # Errors
/// When there is no header, or one that says nothing we know.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    peer: SocketAddr,
) -> io::Result<SocketAddr> {
    let mut fixed = [0; FIXED_BYTES];
    stream.read_exact(&mut fixed).await?;
    let header = Header::parse(&fixed).ok_or_else(malformed)?;
    let mut rest = vec![0; header.rest_bytes];
    stream.read_exact(&mut rest).await?;
    header.source(&rest, peer).ok_or_else(malformed)
}

/// What the first 16 bytes say.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    of: Of,
    rest_bytes: usize,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// The balancer's own, to see whether we are there.
    Balancer,
    /// Somebody's over IPv4.
    V4,
    /// Somebody's over IPv6.
    V6,
}

impl Header {
    fn parse(fixed: &[u8; FIXED_BYTES]) -> Option<Self> {
        let (signature, rest) = fixed.split_first_chunk::<12>()?;
        let [version_and_command, family, high, low] = *rest else { return None };
        if *signature != SIGNATURE {
            return None;
        }
        let rest_bytes = usize::from(u16::from_be_bytes([high, low]));
        let of = match (version_and_command, family) {
            (0x20, _) => Of::Balancer,
            // Unspecified: the balancer cannot say.
            (0x21, 0x00) => Of::Balancer,
            (0x21, 0x11) => Of::V4,
            (0x21, 0x21) => Of::V6,
            _ => return None,
        };
        (rest_bytes <= REST_BYTES_MAX).then_some(Self { of, rest_bytes })
    }

    /// Addresses come first, then what else the balancer tells, which is not read.
    fn source(&self, rest: &[u8], peer: SocketAddr) -> Option<SocketAddr> {
        match self.of {
            Of::Balancer => Some(peer),
            Of::V4 => {
                let addresses = rest.first_chunk::<12>()?;
                let (source, ports) = (addresses.first_chunk::<4>()?, addresses.get(8..10)?);
                Some(socket(Ipv4Addr::from(*source).into(), ports))
            }
            Of::V6 => {
                let addresses = rest.first_chunk::<36>()?;
                let (source, ports) = (addresses.first_chunk::<16>()?, addresses.get(32..34)?);
                Some(socket(Ipv6Addr::from(*source).to_canonical(), ports))
            }
        }
    }
}

fn socket(address: IpAddr, port: &[u8]) -> SocketAddr {
    let port = port.iter().fold(0, |port: u16, byte| (port << 8) | u16::from(*byte));
    SocketAddr::new(address, port)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "expected a header of the PROXY protocol, version 2")
}

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
const FIXED_BYTES: usize = 16;
/// Addresses, and more than balancers tell besides.
const REST_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 4000);
    const V4: [u8; 12] = [203, 0, 113, 9, 10, 0, 0, 2, 0x1f, 0x90, 0x01, 0xbb];

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let bytes = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &bytes, rest].concat()
    }

    async fn source(bytes: &[u8]) -> Option<String> {
        let mut stream = bytes;
        read(&mut stream, PEER).await.ok().map(|source| source.to_string())
    }

    #[tokio::test]
    async fn what_is_no_header_of_version_2_is_refused() {
        let mut long = header(0x21, 0x11, &V4);
        long[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
        for bytes in [
            &b""[..],
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"PROXY TCP4 203.0.113.9 10.0.0.2 8080 443\r\n",
            &header(0x11, 0x11, &V4),
            &header(0x22, 0x11, &V4),
            &header(0x21, 0x12, &V4),
            &header(0x21, 0x31, &[0; 216]),
            &header(0x21, 0x11, &V4[..11]),
            &header(0x21, 0x21, &V4),
            &header(0x21, 0x11, &V4)[..20],
            &header(0x21, 0x11, &[0; 1025]),
            &long,
        ] {
            assert_eq!(source(bytes).await, None, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn the_source_is_who_is_on_the_wire() {
        let mut v6 = [0; 36];
        v6[..16].copy_from_slice(&"2001:db8::9".parse::<Ipv6Addr>().unwrap().octets());
        v6[32..34].copy_from_slice(&8080_u16.to_be_bytes());
        let mapped = [&"::ffff:203.0.113.9".parse::<Ipv6Addr>().unwrap().octets()[..], &[0; 20]];
        let more = [&V4[..], b"\x03\0\x04abcd"].concat();
        for (bytes, expected) in [
            (header(0x21, 0x11, &V4), "203.0.113.9:8080"),
            (header(0x21, 0x11, &more), "203.0.113.9:8080"),
            (header(0x21, 0x21, &v6), "[2001:db8::9]:8080"),
            (header(0x21, 0x21, &mapped.concat()), "203.0.113.9:0"),
            (header(0x20, 0x00, &[]), "10.0.0.1:4000"),
            (header(0x20, 0x11, &V4), "10.0.0.1:4000"),
            (header(0x21, 0x00, &[]), "10.0.0.1:4000"),
        ] {
            assert_eq!(source(&bytes).await.as_deref(), Some(expected), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn not_a_byte_beyond_the_header_is_read() {
        let bytes = [header(0x21, 0x11, &V4), b"\x16\x03\x01".to_vec()].concat();
        let mut stream = &bytes[..];

        read(&mut stream, PEER).await.unwrap();

        assert_eq!(stream, b"\x16\x03\x01");
    }
}
