//! nDCG@50 and MAP@50 of a TalentCLEF task A set: jobs as queries, curricula as documents.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use kernel::{CandidateId, ClientCompanyId, TimeZoneName, Timestamp};
use matching::opening::Countries;
use matching::policy::Weights;
use matching::projection::Standing;
use matching::redact::Redactor;
use matching::text::TextModel;
use matching::{Exchange, Opening, Policy, Pool, Projection, Question, Scope};
use uuid::Uuid;

/// Relevance of documents by query.
type Judgements = BTreeMap<String, HashMap<u128, f64>>;

pub(crate) fn measure(set: &Path) -> Option<()> {
    let judgements = judgements(&fs::read_to_string(set.join("qrels.tsv")).ok()?)?;
    let policy = by_text_alone()?;
    for model in [TextModel::Plain, TextModel::Expanded] {
        let pool = pool(&set.join("corpus"), model)?;
        let (mut gain, mut precision) = (0.0, 0.0);
        for (query, relevant) in &judgements {
            let text = fs::read(set.join("queries").join(query)).ok()?;
            let opening = opening(&String::from_utf8_lossy(&text))?;
            let exchange = Exchange::built_in();
            let question = Question { opening: &opening, policy: &policy, exchange: &exchange };
            let ranking = pool.rank(&question, &Scope::All, CUT);
            let order: Vec<f64> = ranking
                .entries
                .iter()
                .map(|entry| entry.candidate.uuid().as_u128())
                .map(|document| relevant.get(&document).copied().unwrap_or(0.0))
                .collect();
            gain += ndcg(&order, relevant);
            precision += average_precision(&order, relevant);
        }
        let queries = judgements.len() as f64;
        println!(
            "{}: {model:?}: nDCG@50 {:.4}, MAP@50 {:.4}, {} queries, {} documents",
            set.display(),
            gain / queries,
            precision / queries,
            judgements.len(),
            pool.len(),
        );
    }
    Some(())
}

fn judgements(qrels: &str) -> Option<Judgements> {
    let mut judgements = Judgements::new();
    for line in qrels.lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [query, _, document, relevance] = cells.as_slice() else { return None };
        let of_query = judgements.entry((*query).to_owned()).or_default();
        of_query.insert(document.parse().ok()?, relevance.parse().ok()?);
    }
    Some(judgements)
}

fn pool(corpus: &Path, model: TextModel) -> Option<Pool> {
    let mut pool = Pool::with_text(model);
    for entry in fs::read_dir(corpus).ok()?.flatten() {
        let number: u128 = entry.file_name().to_str()?.parse().ok()?;
        let text = fs::read(entry.path()).ok()?;
        let projection = Projection {
            standing: Standing::Matchable { until: None },
            text: Redactor::default().redact(&String::from_utf8_lossy(&text)),
            ..Projection::default()
        };
        pool.insert(CandidateId::from_uuid(Uuid::from_u128(number)), &projection).ok()?;
    }
    Some(pool)
}

/// The first line is the title.
fn opening(text: &str) -> Option<Opening> {
    let (title, description) = text.trim().split_once('\n')?;
    Some(Opening {
        client: ClientCompanyId::from_uuid(Uuid::nil()),
        title: title.to_owned(),
        description: description.to_owned(),
        engagement: None,
        countries: Countries::default(),
        time_zone: TimeZoneName::parse("Europe/Bucharest").ok()?,
        core_hours: None,
        min_overlap_minutes: 0,
        skills: Vec::new(),
        languages: Vec::new(),
        experience_min_months: None,
        pay_max: None,
        start: jiff::civil::Date::constant(2026, 1, 1),
        now: Timestamp::from_millis(0),
    })
}

/// The documents are nothing but text.
fn by_text_alone() -> Option<Policy> {
    let mut rules = Policy::v1().ok()?.rules().clone();
    rules.version.push_str(".text");
    rules.weights = Weights {
        skills: 0,
        title: 0,
        text: 100,
        experience: 0,
        pay: 0,
        overlap: 0,
        languages: 0,
        availability: 0,
    };
    Policy::new(rules).ok()
}

fn ndcg(order: &[f64], relevant: &HashMap<u128, f64>) -> f64 {
    let gain = |order: &[f64]| -> f64 {
        (2..).zip(order).map(|(place, relevance)| relevance / f64::from(place).log2()).sum()
    };
    let mut ideal: Vec<f64> = relevant.values().copied().collect();
    ideal.sort_by(|a, b| b.total_cmp(a));
    ideal.truncate(CUT);
    gain(order) / gain(&ideal)
}

fn average_precision(order: &[f64], relevant: &HashMap<u128, f64>) -> f64 {
    let (mut found, mut sum) = (0.0, 0.0);
    for (place, relevance) in (1..).zip(order) {
        if *relevance > 0.0 {
            found += 1.0;
            sum += found / f64::from(place);
        }
    }
    sum / relevant.values().filter(|relevance| **relevance > 0.0).count() as f64
}

const CUT: usize = 50;
