//! The version of the rows: written to a new store, upgraded on start, refused when newer than this program.

use std::sync::Arc;

use super::engine::{Engine, EngineError, Txn, View};

/// The row that holds the version, in decimal.
const KEY: &[u8] = b"\0nod/schema";

/// The row that stands while a restore is under way.
pub(super) const RESTORING: &[u8] = b"\0nod/restoring";

/// Brings rows from one version to the next.
#[derive(Debug, Clone, Copy)]
pub struct Upgrade {
    /// The version that this upgrade starts from; it ends one above.
    pub from: u32,
    /// Rewrites the rows, in one step together with the version: after a crash it has happened or it has not.
    pub run: fn(&mut dyn Txn) -> Result<(), EngineError>,
}

/// What was found in a store that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// The store was empty.
    New,
    /// The rows have this program's version.
    Current,
    /// The rows had this version and have been upgraded.
    Upgraded {
        /// The version before.
        from: u32,
    },
}

/// Why a store cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A newer program has written the rows.
    #[error("the store has schema version {found}, this program knows versions up to {supported}")]
    Newer {
        /// The version in the store.
        found: u32,
        /// This program's version.
        supported: u32,
    },
    /// No upgrade starts from this version.
    #[error("there is no upgrade from schema version {from}")]
    NoUpgrade {
        /// The version in the store.
        from: u32,
    },
    /// There are rows but no readable version.
    #[error("the store holds rows but no schema version")]
    Unversioned,
    /// A restore into this store did not reach its end; restore again into an empty folder.
    #[error("a restore into this store was not finished")]
    Unfinished,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Makes the rows' version `current`: call it before anything else uses the store.
pub async fn ensure(
    engine: &Arc<dyn Engine>,
    current: u32,
    upgrades: &[Upgrade],
) -> Result<Opened, SchemaError> {
    let Some(from) = engine.step(move |txn| found(txn, current)).await?? else {
        return Ok(Opened::New);
    };
    for version in from..current {
        let no_upgrade = SchemaError::NoUpgrade { from: version };
        let run = upgrades.iter().find(|upgrade| upgrade.from == version).ok_or(no_upgrade)?.run;
        engine
            .step(move |txn| {
                run(txn)?;
                txn.put(KEY, version.saturating_add(1).to_string().into_bytes());
                Ok::<_, EngineError>(())
            })
            .await??;
    }
    Ok(if from == current { Opened::Current } else { Opened::Upgraded { from } })
}

fn found(txn: &mut dyn Txn, current: u32) -> Result<Option<u32>, SchemaError> {
    if txn.get(RESTORING)?.is_some() {
        return Err(SchemaError::Unfinished);
    }
    let Some(found) = version(txn)? else {
        if !txn.scan(b"", b"", 1)?.is_empty() {
            return Err(SchemaError::Unversioned);
        }
        txn.put(KEY, current.to_string().into_bytes());
        return Ok(None);
    };
    if found > current {
        return Err(SchemaError::Newer { found, supported: current });
    }
    Ok(Some(found))
}

fn version(view: &dyn View) -> Result<Option<u32>, SchemaError> {
    let Some(row) = view.get(KEY)? else { return Ok(None) };
    let text = str::from_utf8(&row).map_err(|_| SchemaError::Unversioned)?;
    text.parse().map(Some).map_err(|_| SchemaError::Unversioned)
}
