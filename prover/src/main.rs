//! Proves what `properties.cedar` claims of `policies/`, for every request that the schema allows.
//!
//! Usage: `ringwall-prover PYTHON`, a Python that has `cvc5`. `cargo xtask prove` says all that.

mod claims;
mod proof;
mod rules;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use claims::Claim;
use proof::Prover;
use rules::Rules;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("prover: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<bool> {
    let python = env::args_os().nth(1).ok_or("usage: ringwall-prover PYTHON")?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = Rules::read(&here.join("../policies"))?;
    let claims = claims::read(here, &rules)?;
    let mut prover = Prover::start(&PathBuf::from(python), &here.join("solver.py"), &rules)?;
    let began = Instant::now();
    println!(
        "{} policies; what is proven, in how many request environments, how long it took:\n",
        rules.len()
    );

    let mut holds = nothing_errs(&mut prover, &rules).await?;
    for claim in &claims {
        holds &= prove(&mut prover, claim).await?;
    }
    println!("\nnegative controls: each must find a request that breaks the claim\n");
    for claim in &claims {
        holds &= refute(&mut prover, &rules, claim).await?;
    }
    let verdict = if holds { "everything is proven" } else { "NOT everything is proven" };
    println!("\n{verdict}: {} questions, {:.1?}", prover.asked(), began.elapsed());
    Ok(holds)
}

/// A policy that errs is left out of the decision: of a wall that would be a hole.
async fn nothing_errs(prover: &mut Prover<'_>, rules: &Rules) -> Outcome<bool> {
    let began = Instant::now();
    let erring = prover.find_error().await?;
    let told = match &erring {
        None => "proven".to_owned(),
        Some(id) => format!("FAILED  `{id}` errs"),
    };
    let count = rules.questions().len();
    println!("{told:8} {count:4} {:>7.1?}  no policy fails while it is evaluated", began.elapsed());
    Ok(erring.is_none())
}

async fn prove(prover: &mut Prover<'_>, claim: &Claim) -> Outcome<bool> {
    let began = Instant::now();
    let found = prover.find_breach(None, claim).await?;
    let verdict = if found.breach.is_none() { "proven" } else { "FAILED" };
    println!("{verdict:8} {:4} {:>7.1?}  {}", found.looked_at, began.elapsed(), claim.words);
    if let Some(breach) = &found.breach {
        println!("{breach}");
    }
    Ok(found.breach.is_none())
}

async fn refute(prover: &mut Prover<'_>, rules: &Rules, claim: &Claim) -> Outcome<bool> {
    let mut holds = true;
    for control in &claim.controls {
        let began = Instant::now();
        let altered = control.apply(rules)?;
        let found = prover.find_breach(Some(&altered), claim).await?;
        let verdict = if found.breach.is_some() { "broken" } else { "FAILED" };
        let (looked_at, took) = (found.looked_at, began.elapsed());
        println!("{verdict:8} {looked_at:4} {took:>7.1?}  {} {control}", claim.id);
        holds &= found.breach.is_some();
    }
    Ok(holds)
}
