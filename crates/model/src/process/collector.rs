//! What the garbage collector is told to do, and where it stands.

use serde::Serialize;

/// What the garbage collector is told to do, and where it stands.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Collector {
    /// GOGC as it is in force; negative where it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gogc: Option<i32>,
    /// GOMEMLIMIT as it is in force, bytes; none where there is no limit, or the release knows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// Bytes that count against the limit: what the runtime has mapped and not returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_in_use: Option<u64>,
    /// Bytes that the collector takes for live: found so by the last collection, or allocated since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<u64>,
    /// Bytes that the last collection found live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked: Option<u64>,
    /// Live bytes at which the next collection shall end: the lower of the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<u64>,
    /// That by GOGC alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal_by_gogc: Option<u64>,
    /// That by the limit alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal_by_limit: Option<u64>,
    /// Collections so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u32>,
    /// Of them, those that the program called for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forced_cycles: Option<u32>,
    /// When the last one ended, ready to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Seconds from then to the end of the process, at the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_since_last: Option<f64>,
    /// Seconds for which they stopped the world in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_seconds: Option<f64>,
    /// Settings of the runtime that the process was started with, of the environment, and GODEBUG of the build.
    pub settings: Vec<Setting>,
}

/// A setting that the process was started with.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Setting {
    /// Its name, like `GOGC`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it comes from: `environment`, `build`, or `program` where it set it anew while it ran.
    pub source: String,
}
