//! The login server's side of Nod as a library: enrolments, challenges, decisions, limits.
