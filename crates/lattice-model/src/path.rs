//! Where a value stands in what the caller sent.

use std::fmt;

/// A path such as `input[2].content[0].image_url`. Made on the way down at no cost, and written out only when somebody has to be told.
#[derive(Debug, Clone, Copy)]
pub enum Path<'a> {
    /// A field of the request, or a path that was written out before.
    Field(&'a str),
    /// An item of `input`, by its position.
    Input(usize),
    /// An item of the stored conversation, which the caller cannot name.
    Stored,
    /// A field of what stands there.
    Key(&'a Path<'a>, &'a str),
    /// An element of what stands there.
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// How everything in the stored conversation is shown.
    pub const STORED: &'static str = "the stored conversation";

    /// A field of what stands here.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    /// An element of what stands here.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    fn is_stored(&self) -> bool {
        match self {
            Self::Stored => true,
            Self::Key(parent, _) | Self::Index(parent, _) => parent.is_stored(),
            Self::Field(_) | Self::Input(_) => false,
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => formatter.write_str(name),
            Self::Input(at) => write!(formatter, "input[{at}]"),
            // What is below it is no more the caller's to find.
            path if path.is_stored() => formatter.write_str(Self::STORED),
            Self::Stored => Ok(()),
            Self::Key(parent, key) => write!(formatter, "{parent}.{key}"),
            Self::Index(parent, index) => write!(formatter, "{parent}[{index}]"),
        }
    }
}

impl From<Path<'_>> for String {
    fn from(path: Path<'_>) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_the_caller_would_write_it() {
        let item = Path::Input(2);
        let content = item.key("content");
        let part = content.index(0);
        assert_eq!(part.key("image_url").to_string(), "input[2].content[0].image_url");
        assert_eq!(Path::Field("tools").index(1).to_string(), "tools[1]");
        let stored = Path::Stored;
        assert_eq!(stored.key("content").index(3).to_string(), "the stored conversation");
    }
}
