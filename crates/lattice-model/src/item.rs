//! Items: the units of a conversation, as Open Responses defines them.

use crate::json::{Extra, Json};
use crate::text::Text;

/// One unit of input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Something said by somebody.
    Message(Message),
    /// The model asks for a function to be called.
    FunctionCall(FunctionCall),
    /// What the function answered.
    FunctionCallOutput(FunctionCallOutput),
    /// What the model thought.
    Reasoning(Reasoning),
    /// A kind the gateway does not know, understood only by a provider of the same dialect.
    Other(OtherItem),
}

impl Item {
    /// The item's id, where it has one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Message(item) => item.id.as_deref(),
            Self::FunctionCall(item) => item.id.as_deref(),
            Self::FunctionCallOutput(item) => item.id.as_deref(),
            Self::Reasoning(item) => item.id.as_deref(),
            Self::Other(item) => item.id.as_deref(),
        }
    }

    /// Gives the item an id.
    pub fn set_id(&mut self, id: String) {
        *self.id_slot() = Some(id);
    }

    /// Takes the item's id away.
    pub fn forget_id(&mut self) {
        *self.id_slot() = None;
    }

    fn id_slot(&mut self) -> &mut Option<String> {
        match self {
            Self::Message(item) => &mut item.id,
            Self::FunctionCall(item) => &mut item.id,
            Self::FunctionCallOutput(item) => &mut item.id,
            Self::Reasoning(item) => &mut item.id,
            Self::Other(item) => &mut item.id,
        }
    }
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The person or application.
    User,
    /// The model.
    Assistant,
    /// The operator, by the older name.
    System,
    /// The operator, by the newer name.
    Developer,
}

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Being made.
    InProgress,
    /// Whole.
    Completed,
    /// Cut short.
    Incomplete,
}

/// Whether a message is a remark on the way or the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A remark on the way.
    Commentary,
    /// The answer.
    FinalAnswer,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id; input may come without.
    pub id: Option<String>,
    /// Who said it.
    pub role: Role,
    /// What kind of assistant message it is.
    pub phase: Option<Phase>,
    /// How far it has come; input may come without.
    pub status: Option<Status>,
    /// What was said, in order. A plain string of the wire is one text part.
    pub content: Vec<Part>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// One part of a message or of a tool's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text given to the model.
    InputText {
        /// The text.
        text: Text,
        /// Fields without a name here.
        extra: Extra,
    },
    /// Text made by the model.
    OutputText(OutputText),
    /// The model declines.
    Refusal {
        /// Why, in the model's words.
        refusal: Text,
        /// Fields without a name here.
        extra: Extra,
    },
    /// An image.
    Image(Image),
    /// A file, such as a PDF.
    File(File),
    /// A video by URL.
    Video {
        /// Where it is.
        url: Text,
        /// Fields without a name here.
        extra: Extra,
    },
    /// A kind the gateway does not know.
    Other {
        /// The `type` field.
        kind: String,
        /// All other fields.
        fields: Extra,
    },
}

/// Text made by the model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputText {
    /// The text.
    pub text: Text,
    /// What parts of it rest on.
    pub annotations: Vec<Annotation>,
    /// Log probabilities of its tokens: a JSON array in the standard's form.
    pub logprobs: Option<Json>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// What a piece of output text rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Annotation {
    /// A source with an address.
    UrlCitation(UrlCitation),
    /// A whole annotation object of another kind, as the provider made it.
    Other(Json),
}

/// A source with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlCitation {
    /// First character of the text that it backs.
    pub start_index: u64,
    /// One past the last character.
    pub end_index: u64,
    /// Where the source is.
    pub url: Text,
    /// What it is called.
    pub title: Text,
    /// Fields without a name here, such as the cited words.
    pub extra: Extra,
}

/// How closely an image is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Coarsely.
    Low,
    /// Finely.
    High,
    /// As the provider decides.
    Auto,
}

/// An image: by address or as a data URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `https:` or `data:` URL; absent when an extra field such as `file_id` names it.
    pub url: Option<Text>,
    /// How closely to look.
    pub detail: Option<Detail>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// A file: by address or as data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    /// What it is called.
    pub filename: Option<Text>,
    /// A data URL, or bare base64.
    pub data: Option<Text>,
    /// Where it is.
    pub url: Option<Text>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// The model asks for a function to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCall {
    /// The item's id; input may come without.
    pub id: Option<String>,
    /// What the result refers to.
    pub call_id: String,
    /// The function.
    pub name: String,
    /// The arguments: JSON written as a text.
    pub arguments: Text,
    /// How far it has come; input may come without.
    pub status: Option<Status>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// What a function answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCallOutput {
    /// The item's id; input may come without.
    pub id: Option<String>,
    /// The call it answers.
    pub call_id: String,
    /// The answer. A plain string of the wire is one text part.
    pub output: Vec<Part>,
    /// How far it has come; input may come without.
    pub status: Option<Status>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// What the model thought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reasoning {
    /// The item's id; input may come without.
    pub id: Option<String>,
    /// A summary for people, in parts.
    pub summary: Vec<Text>,
    /// The thoughts themselves, where the provider shows them.
    pub content: Vec<Text>,
    /// What only the provider can read, tagged with where it came from (see `lattice_providers::seal`).
    pub encrypted: Option<Text>,
    /// How far it has come; input may come without.
    pub status: Option<Status>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// An item of a kind the gateway does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherItem {
    /// The item's id, where it has one.
    pub id: Option<String>,
    /// The `type` field.
    pub kind: String,
    /// All other fields.
    pub fields: Extra,
}
