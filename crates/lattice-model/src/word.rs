//! Settings that are one of a few words.

/// A setting that is one of a few words.
pub trait Word: Copy + Eq + 'static {
    /// All of them, in the order in which they are listed to people.
    const ALL: &'static [Self];

    /// As every dialect writes it.
    fn name(self) -> &'static str;

    /// The setting of this name.
    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.name() == name)
    }
}

/// Defines settings of one word each.
macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $crate::word::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    )+};
}

pub(crate) use words;
