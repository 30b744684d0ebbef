//! One-time codes of a move.

use nod_protocol::{Digest, MoveId};

use super::Engine;
use crate::event::Event;
use crate::moving::MoveError;

impl Engine {
    pub(super) fn on_codes(
        &self,
        _id: MoveId,
        _n: u32,
        _items: Vec<serde_json::Value>,
        _more: bool,
        _text: Digest,
    ) -> Result<Vec<Event>, MoveError> {
        Err(MoveError::Protocol)
    }
}
