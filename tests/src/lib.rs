//! End-to-end, hostile-relay and crash tests of Nod, and the checks on its structure.

pub mod architecture;
pub mod codes;
pub mod hostile;
pub mod letters;
pub mod methods;
pub mod process;
pub mod relocation;
pub mod story;
pub mod waking;
