//! The named checks. Each refusal that a rule demands stands behind `guard!` with a name of its own, so that the feature
//! `mutants` can switch exactly one of them off in a test process and show that a test turns red.

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

/// Returns the error of the given code unless the condition holds; the name is `<rule>.<what is refused>`.
#[macro_export]
macro_rules! guard {
    ($name:literal, $holds:expr, $code:ident) => {
        $crate::guard!($name, $holds, $code, "")
    };
    ($name:literal, $holds:expr, $code:ident, $($detail:tt)+) => {
        if !($holds) && $crate::guard::active($name) {
            return Err($crate::Error::new($crate::Code::$code, format!($($detail)+)));
        }
    };
}
