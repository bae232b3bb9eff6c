//! Searches for requests that take the most processor time for their length. Not libFuzzer's
//! work: it climbs by measured time. `cargo xtask fuzz slow` runs it.

use std::io::Write as _;

use ringwall_fuzz::{inspect, ruleset};
use rustix::time::{ClockId, clock_gettime};

/// How many of the slowest are kept to go on from.
const POOL: usize = 24;

fn main() {
    let mut arguments =
        std::env::args().skip(1).map(|text| text.parse::<usize>().expect("a number"));
    let seconds = arguments.next().unwrap_or(20);
    let bytes = arguments.next().unwrap_or(2048);
    let rules = ruleset();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut pool: Vec<(f64, Vec<u8>)> =
        SEEDS.iter().map(|seed| (0.0, grown(seed, bytes))).collect();
    let measure = |data: &[u8]| {
        let times = (0..2).map(|_| {
            let start = now_us();
            std::hint::black_box(inspect(&rules, data, false));
            now_us() - start
        });
        times.fold(f64::INFINITY, f64::min)
    };
    for (time, data) in &mut pool {
        *time = measure(data);
    }
    let end = now_us() + seconds as f64 * 1e6;
    let (mut tried, mut best) = (0_u64, 0.0);
    while now_us() < end {
        let at = chance.below(pool.len());
        again(&mut pool[at], &measure);
        let other = &pool[chance.below(pool.len())].1;
        let child = chance.mutated(&pool[at].1, other, bytes);
        let mut time = measure(&child);
        tried += 1;
        let least = pool.iter().map(|(time, _)| *time).fold(f64::INFINITY, f64::min);
        if time <= least {
            continue;
        }
        time = time.min(measure(&child));
        pool.push((time, child));
        pool.sort_by(|one, other| other.0.total_cmp(&one.0));
        pool.dedup_by(|one, other| one.1 == other.1);
        pool.truncate(POOL);
        if pool[0].0 > best * 1.02 {
            best = pool[0].0;
            println!("{tried} tried: {best:.0} µs for {} bytes", pool[0].1.len());
        }
    }
    (0..4).for_each(|_| pool.iter_mut().for_each(|kept| again(kept, &measure)));
    pool.sort_by(|one, other| other.0.total_cmp(&one.0));
    linear(&pool[0].1, &measure);
    let mut file = std::fs::File::create("slowest.txt").expect("a file");
    file.write_all(&pool[0].1).expect("written");
    println!("{tried} tried; the slowest is in slowest.txt");
}

/// Measures what is kept once more: a moment in which the machine was slow must not lead.
fn again((time, data): &mut (f64, Vec<u8>), measure: &dyn Fn(&[u8]) -> f64) {
    *time = time.min(measure(data));
}

/// The same body twice, four and eight times: what is linear grows alike.
fn linear(data: &[u8], measure: &dyn Fn(&[u8]) -> f64) {
    let at = data.windows(2).position(|pair| pair == b"\n\n").map_or(data.len(), |at| at + 2);
    let (head, body) = data.split_at(at);
    for times in [1, 2, 4, 8] {
        let grown = [head, &body.repeat(times)].concat();
        let time = measure(&grown);
        println!(
            "x{times}: {time:.0} µs for {} bytes, {:.3} µs a byte",
            grown.len(),
            time / grown.len() as f64
        );
    }
}

fn grown(seed: &[u8], bytes: usize) -> Vec<u8> {
    let mut data = seed.to_vec();
    let at = data.windows(2).position(|pair| pair == b"\n\n").map_or(0, |at| at + 2);
    let body = data[at..].to_vec();
    while !body.is_empty() && data.len() + body.len() < bytes {
        data.extend_from_slice(&body);
    }
    data
}

fn now_us() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end.max(1)
    }

    /// A few changes: a byte, a piece doubled, moved or taken from another, or a word put in.
    fn mutated(&mut self, parent: &[u8], other: &[u8], bytes: usize) -> Vec<u8> {
        let mut data = parent.to_vec();
        for _ in 0..1 + self.below(4) {
            let at = self.below(data.len());
            let length = 1 + self.below(40);
            match self.below(6) {
                0 if !data.is_empty() => data[at] = BYTES[self.below(BYTES.len())],
                1 => {
                    let piece = data[at..(at + length).min(data.len())].repeat(1 + self.below(8));
                    data.splice(at..at, piece);
                }
                2 => drop(data.drain(at..(at + length).min(data.len()))),
                3 => {
                    let from = self.below(other.len());
                    let piece = other[from..(from + length).min(other.len())].to_vec();
                    data.splice(at..at, piece);
                }
                4 => {
                    let to = self.below(data.len());
                    let piece = data[at..(at + length).min(data.len())].to_vec();
                    data.splice(to..to, piece);
                }
                _ => drop(data.splice(at..at, WORDS[self.below(WORDS.len())].bytes())),
            }
        }
        data.truncate(bytes);
        data
    }
}

const BYTES: &[u8] = b"aA0 =&;%'\"<>(){}[]/\\.,:|$#@!?*+-_`~^\n\r\t\0\x80\xff";

const WORDS: &[&str] = &[
    "select ",
    "union ",
    "' or ",
    "<script",
    "onload=",
    "javascript:",
    "${",
    "../",
    "/etc/",
    "||",
    "&&",
    ";cat ",
    "$(",
    "`",
    "/*",
    "*/",
    "--",
    "%00",
    "%u0041",
    "&lt;",
    "\\u0041",
    "\\x41",
    "a=1&",
    "eval(",
    "{\"a\":",
    "[1,",
    "php://",
    "http://",
    "powershell ",
    "in (",
    "like ",
    "'a'='a",
    "\\",
    "@@",
    "0x41",
    "char(",
    "concat(",
    "src=",
    "style=",
    "<svg ",
    "data:",
    "%25",
    "  ",
    "x x x ",
];

const SEEDS: &[&[u8]] = &[
    b"POST / HTTP/1.1\nHost: a\nContent-Type: application/x-www-form-urlencoded\n\n\
      a='or 1=1--&b=x y&",
    b"POST / HTTP/1.1\nHost: a\nContent-Type: application/x-www-form-urlencoded\n\n\
      aaaaaaaaaaaaaaaa",
    b"POST / HTTP/1.1\nHost: a\nContent-Type: application/x-www-form-urlencoded\n\n\
      <a b=c 'd' (e) ",
    b"POST / HTTP/1.1\nHost: a\nContent-Type: application/json\n\n\
      [\"a\",\"select b\",{\"c\":\"d'\"}]",
    b"POST / HTTP/1.1\nHost: a\nContent-Type: text/xml\n\n<a b=\"c\">x;y|z</a>",
    b"GET /?a=b&c=%27%20or HTTP/1.1\nHost: a\nUser-Agent: x\nCookie: a=b; c=d\nX-A: b\n\n",
    b"POST / HTTP/1.1\nHost: a\nContent-Type: multipart/form-data; boundary=b\n\n--b\r\n\
      Content-Disposition: form-data; name=\"a\"\r\n\r\n$(x) 'y'\r\n--b--\r\n",
];
