//! The peer: the same crowd in PostgreSQL, ranked by one statement.
//!
//! It has the same gates and criteria on columns that are prepared for it (minutes of overlap, days
//! until available, nearness of titles); full text is `ts_rank` in place of BM25F. Parallel workers
//! are off: one core against one core.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use matching::overlap::{Place, minutes};
use matching::projection::Availability;

use crate::{Job, crowd};

/// The least time of three, in milliseconds; none where no PostgreSQL answers.
pub(crate) fn rank(count: u64, opening: &Job) -> Option<f64> {
    psql(&load(count, opening)).or_else(|| {
        eprintln!("no PostgreSQL answers: its line is left out");
        None
    })?;
    let ranked = format!("explain (analyze, timing off) {}", statement(opening));
    let times = (0..3).filter_map(|_| {
        let said = psql(&format!("{SETTINGS}{ranked};"))?;
        let line = said.lines().find_map(|line| line.trim().strip_prefix("Execution Time: "))?;
        line.split(' ').next()?.parse::<f64>().ok()
    });
    let least = times.fold(f64::INFINITY, f64::min);
    psql("drop schema matching_bench cascade;");
    least.is_finite().then_some(least)
}

fn psql(script: &str) -> Option<String> {
    let url = std::env::var("RINGWALL_TEST_POSTGRES").unwrap_or_else(|_| USUAL.to_owned());
    let mut child = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", &url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn load(count: u64, opening: &Job) -> String {
    let (mut people, mut skills, mut held) = (String::new(), String::new(), String::new());
    let team = Place {
        zone: opening.time_zone.clone(),
        hours: opening.core_hours.unwrap_or(NINE_TO_FIVE),
    };
    for number in 0..count {
        let who = crowd::projection(&mut crowd::Dice::new(number));
        let place = who.time_zone.clone().zip(who.working_hours);
        let place = place.map(|(zone, hours)| Place { zone, hours });
        let shared = place.and_then(|place| minutes(&place, &team, opening.start)).unwrap_or(0);
        let days = match who.availability {
            Availability::Notice { days } => i32::from(days) - 40,
            _ => 0,
        };
        let country = who.country.as_ref().map_or("", |country| country.as_str());
        let may_work = who.authorisations.iter().any(|at| at.may_work);
        let english = who.languages.first().map_or(0, |language| language.level);
        let pay = who.desired_pay.map_or(0, |pay| pay.amount_minor);
        let titles: Vec<&str> = who.positions.iter().map(|held| held.title.as_str()).collect();
        let labels: Vec<&str> = who.skills.iter().map(|skill| skill.label.as_str()).collect();
        let text = format!("{} {} {}", titles.join(" "), labels.join(" "), who.text.as_str());
        let text = text.replace(['\t', '\\'], " ");
        // Writing to a string cannot fail.
        let _written = writeln!(
            people,
            "{number}\t{country}\t{may_work}\t{shared}\t{days}\t{english}\t{pay}\t{text}"
        );
        for skill in &who.skills {
            let (level, idle) = (skill.level.unwrap_or(3), skill.idle_months.unwrap_or(0));
            let _written = writeln!(skills, "{number}\t{}\t{level}\t{idle}", skill.id);
        }
        for (place, position) in who.positions.iter().enumerate() {
            let (title, months) = (position.title.as_str(), position.months);
            let _written = writeln!(held, "{number}\t{place}\t{title}\t{months}");
        }
    }
    format!(
        "{SCHEMA}copy matching_bench.people from stdin;\n{people}\\.\n\
         copy matching_bench.skills from stdin;\n{skills}\\.\n\
         copy matching_bench.held from stdin;\n{held}\\.\n{AFTER}"
    )
}

fn statement(opening: &Job) -> String {
    let wanted: Vec<String> = opening
        .skills
        .iter()
        .enumerate()
        .map(|(place, skill)| {
            let weight = if place == 0 {
                3
            } else if place < 5 {
                2
            } else {
                1
            };
            format!("('{}', 3, {weight}, {})", skill.id, place == 0)
        })
        .collect();
    let words: Vec<&str> = opening.description.split(' ').take(64).collect();
    STATEMENT
        .replace("$wanted", &wanted.join(", "))
        .replace("$title", &opening.title.replace('\'', ""))
        .replace("$words", &words.join(" | "))
}

const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";
const NINE_TO_FIVE: matching::projection::Hours =
    matching::projection::Hours { start: 540, end: 1_020 };
const SETTINGS: &str =
    "set max_parallel_workers_per_gather = 0; set work_mem = '256MB'; set jit = off;\n";
const SCHEMA: &str = "
drop schema if exists matching_bench cascade;
create schema matching_bench;
create table matching_bench.people (id int primary key, country text, may_work bool, overlap int,
  late int, english int, pay bigint, text text);
create table matching_bench.skills (id int, skill text, level int, idle int);
create table matching_bench.held (id int, place int, title text, months int);
";
const AFTER: &str = "
alter table matching_bench.people add words tsvector;
update matching_bench.people set words = to_tsvector('simple', text);
create index on matching_bench.skills (skill) include (id, level, idle);
create index on matching_bench.held (title) include (id, place, months);
vacuum analyze matching_bench.people;
vacuum analyze matching_bench.skills;
vacuum analyze matching_bench.held;
";
const STATEMENT: &str = "
with wanted (skill, level, weight, must) as (values $wanted),
rarity as (
  select w.skill, w.level, w.must,
         w.weight * (1 + log(2, 100001.0 / (1 + (select count(*) from matching_bench.skills s
           where s.skill = w.skill)))) as weight
  from wanted w
),
by_skill as (
  select s.id,
         sum(r.weight * least(1, s.level::numeric / r.level)
           * (1 - 0.3 * least(greatest(s.idle - 36, 0), 84) / 84.0))
           / (select sum(weight) from rarity) as share,
         bool_or(r.must and s.level >= r.level - 1) as must
  from matching_bench.skills s join rarity r using (skill)
  group by s.id
),
by_title as (
  select id, max(case when place < 3 then 1 end) as share, sum(months) as months
  from matching_bench.held where title = '$title' group by id
),
by_text as (
  select id, percent_rank() over (order by ts_rank(words, to_tsquery('simple', '$words'))) as share
  from matching_bench.people
)
select p.id,
       coalesce(s.must, false) and p.may_work and p.country <> 'US' and p.overlap >= 120
         and p.late <= 90 and p.english >= 3 as eligible,
       40 * coalesce(s.share, 0) + 15 * coalesce(t.share, 0) + 10 * x.share
         + 10 * least(1, coalesce(t.months, 0) / 36.0)
         + 10 * greatest(0, least(1, 1 - (p.pay - 9000000) / 2250000.0))
         + 8 * greatest(0, (p.overlap - 120) / 240.0)
         + 5 * (p.english >= 3)::int
         + 2 * greatest(0, least(1, 1 - p.late / 90.0)) as score
from matching_bench.people p
left join by_skill s using (id)
left join by_title t using (id)
join by_text x using (id)
order by eligible desc, score desc, p.id
limit 100";
