//! Backups by GNU's rules: rows 23, 62, 63 and 75.

mod appearing;
mod failing;
mod kinds;
mod naming;
mod order;
mod readers;

use crate::common::Scene;

/// A scene with an old TARGET.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("f", "old");
    scene
}
