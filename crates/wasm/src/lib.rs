//! The browser's bindings of the end-to-end encryption crate.
