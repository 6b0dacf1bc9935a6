//! Why a report could not be written.

use crate::Count;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The output refused the bytes. A reader that has gone away is of kind [`std::io::ErrorKind::BrokenPipe`].
    #[error("cannot write: {0}")]
    Io(#[from] std::io::Error),

    /// There is nothing to draw: every frame weighs nothing. Nothing was written.
    #[error("there are no {count} to draw")]
    NothingToDraw {
        /// What would have been counted.
        count: Count,
    },

    /// The whole is more than a picture can show to the last digit ([`crate::flame::MAX_TOTAL`]). Nothing was written.
    #[error("{total} {count} are more than a picture can show exactly")]
    TotalTooLarge {
        /// The sum of all frames.
        total: u64,
        /// What is counted.
        count: Count,
    },

    /// A frame does not come after its parent, so the frames are no tree. Nothing was written.
    #[error("frame {frame} is not after its parent {parent}")]
    ParentNotBefore {
        /// Index of the frame.
        frame: usize,
        /// Index it names as its parent.
        parent: u32,
    },

    /// A tree has room for 2^32 - 1 frames.
    #[error("more than {} frames", u32::MAX)]
    TooManyFrames,
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        Self::Io(error.into())
    }
}
