//! The command line itself: forms, options, contradictions, statuses and the shape of messages.

mod environment;
mod help;
mod hints;
mod messages;
