//! Backups by GNU's rules.

pub mod appearing;
mod kinds;
pub mod naming;
mod order;
mod readers;

use crate::common::Scene;

/// A scene with an old TARGET.
pub fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("f", "old");
    scene
}
