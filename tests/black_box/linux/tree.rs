//! `--tree`: what is of Linux, or needs root.

mod copied;
mod deep;
mod full;
mod killed;
mod metadata;
mod mounted;
mod readers;
mod refused;
mod removed;
mod synced;
mod user;
