//! `nod`, the one binary.
fn main() {}
