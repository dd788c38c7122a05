//! The command line itself: forms, options, contradictions, statuses and the shape of messages.

mod help;
mod hints;
mod messages;
