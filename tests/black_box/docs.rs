//! What people read: completions and man page are fresh, and the README's blocks do what it says.

mod expected;
mod generated;
mod recipes;
mod table;
