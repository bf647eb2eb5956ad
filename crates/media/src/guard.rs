//! Named checks of the media half. The feature `mutants`, which release builds refuse, can switch exactly one of
//! them off in a test process, to show that a test turns red.

/// Whether the named check is on. Without the feature `mutants` this is always so and costs nothing.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
#[must_use]
pub fn active(_name: &'static str) -> bool {
    true
}

/// Whether the named check is on: all are but the one in the environment variable `ENTENTE_MUTANT`, read once.
#[cfg(feature = "mutants")]
#[must_use]
pub fn active(name: &'static str) -> bool {
    static OFF: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    OFF.get_or_init(|| std::env::var("ENTENTE_MUTANT").ok())
        .as_deref()
        != Some(name)
}
