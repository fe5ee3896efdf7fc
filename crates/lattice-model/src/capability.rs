//! What a model can do.

use crate::word::words;

words! {
    /// Something that a model can do.
    Capability {
        /// Reads and writes text.
        Text = "text",
        /// Sees images.
        Images = "images",
        /// Reads files such as PDF.
        Files = "files",
        /// Hears audio.
        Audio = "audio",
        /// Sees video.
        Video = "video",
        /// Calls tools.
        Tools = "tools",
        /// Answers in JSON of a given schema.
        Json = "json",
        /// Thinks before it answers.
        Reasoning = "reasoning",
    }
}
