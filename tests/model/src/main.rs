//! Checks the state machine of challenges, moves and revocation in every schedule (docs/model.md).
//!
//! `nod-model` runs every check and prints a line for each; `nod-model WORD` runs those whose line has the word in it,
//! and shows the steps that lead to what was found.

mod login;
mod model;
mod phones;
mod properties;
mod rules;
mod scope;
mod state;
mod suite;
mod verdict;
mod ways_out;
mod witness;

use std::process::ExitCode;

fn main() -> ExitCode {
    let word = std::env::args().nth(1);
    let chosen = suite::CHECKS.iter().filter(|check| match &word {
        Some(word) => verdict::name(check).contains(word.as_str()),
        None => true,
    });
    let (mut ran, mut bad, mut states) = (0, 0, 0);
    for check in chosen {
        let verdict = verdict::reach(check, word.is_some());
        println!("{}", verdict.line());
        for finding in &verdict.findings {
            println!("     {}", finding.what);
            if !verdict.good || word.is_some() {
                finding.steps.iter().for_each(|step| println!("       {step:?}"));
            }
        }
        ran += 1;
        bad += u32::from(!verdict.good);
        states += verdict.states;
    }
    println!("{states} states in {ran} checks");
    if ran > 0 && bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
