//! The phone's side of Nod: keys, accounts, vault, challenge to decision.
