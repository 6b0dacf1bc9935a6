//! A limit of `--fail-over`, and by how much it was passed.

/// What is said of the suspect that retains most.
#[derive(Debug, thiserror::Error)]
#[error(
    "{holder} retains {retained}, {share} of what is reachable: {over} more than the {allowed} that --fail-over {most} allows{others}"
)]
pub(crate) struct PassedLimit {
    /// The suspect.
    pub(crate) holder: String,
    /// What it retains.
    pub(crate) retained: String,
    /// Its share.
    pub(crate) share: String,
    /// By how many bytes that is too much.
    pub(crate) over: String,
    /// The most that was allowed.
    pub(crate) most: String,
    /// In bytes.
    pub(crate) allowed: String,
    /// What is to say of others that retain more than that.
    pub(crate) others: String,
}
