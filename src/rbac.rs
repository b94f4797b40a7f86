//! Who may `use` which policy where, and through which binding and rule.
