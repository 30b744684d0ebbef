//! Whether a way out is left from every reachable state: what `eventually` would ask for. The checker's own `eventually`
//! overlooks cycles, and this model is full of them (a crash, and the same again), so the graph is walked backwards here.

use std::collections::HashMap;

use stateright::Model;

use crate::model::Action;
use crate::scope::Scope;
use crate::state::State;

/// What the walk found.
#[derive(Debug)]
pub(crate) struct WaysOut {
    /// How many states there are.
    pub(crate) states: usize,
    /// How many of them are settled.
    pub(crate) settled: usize,
    /// From how many no settled state can be reached.
    pub(crate) stuck: usize,
    /// A shortest way into one of those.
    pub(crate) example: Vec<Action>,
}

/// Walks the whole graph of a scope.
pub(crate) fn walk(scope: &Scope, is_settled: fn(&State) -> bool) -> WaysOut {
    let mut found: HashMap<State, u32> = HashMap::new();
    let mut queue: Vec<State> = Vec::new();
    let mut came_from: Vec<Option<(u32, Action)>> = Vec::new();
    let mut before: Vec<Vec<u32>> = Vec::new();
    for first in scope.init_states() {
        found.insert(first.clone(), queue.len() as u32);
        queue.push(first);
        came_from.push(None);
        before.push(Vec::new());
    }
    let mut next = 0;
    while let Some(state) = queue.get(next).cloned() {
        let at = next as u32;
        next += 1;
        for (action, after) in scope.next_steps(&state) {
            if !scope.within_boundary(&after) {
                continue;
            }
            let index = *found.entry(after).or_insert_with_key(|after| {
                queue.push(after.clone());
                came_from.push(Some((at, action)));
                before.push(Vec::new());
                queue.len() as u32 - 1
            });
            if is_help(action) {
                before[index as usize].push(at);
            }
        }
    }
    let mut has_way: Vec<bool> = queue.iter().map(is_settled).collect();
    let mut open: Vec<u32> = (0..queue.len() as u32).filter(|index| has_way[*index as usize]).collect();
    let settled = open.len();
    while let Some(index) = open.pop() {
        for earlier in &before[index as usize] {
            if !std::mem::replace(&mut has_way[*earlier as usize], true) {
                open.push(*earlier);
            }
        }
    }
    let stuck = has_way.iter().filter(|has| !**has).count();
    let example = has_way.iter().position(|has| !has).map(|index| way_to(&came_from, index));
    WaysOut { states: queue.len(), settled, stuck, example: example.unwrap_or_default() }
}

/// Whether a step may be part of a way out. A mishap may not, nor that somebody takes the account away.
fn is_help(action: Action) -> bool {
    !matches!(
        action,
        Action::CrashPhone(_)
            | Action::CrashServer
            | Action::LoseReceipts
            | Action::Revoke(_)
            | Action::Suspend
    )
}

fn way_to(came_from: &[Option<(u32, Action)>], mut index: usize) -> Vec<Action> {
    let mut way = Vec::new();
    while let Some((earlier, action)) = came_from[index] {
        way.push(action);
        index = earlier as usize;
    }
    way.reverse();
    way
}
