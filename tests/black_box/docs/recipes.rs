//! Every block of the README is run, with stand-ins for what is not there, and does what it says.
//!
//! Absolute paths are taken below the test's own directory. A block is known by its first line; one that nobody expects
//! anything of fails the test. Where it says so, it is run a second time with producers that die half way, and must then
//! fail and leave every file as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::expected::{EXPECTED, Expected};
use crate::common::needs::{lacks, needs};
use crate::common::{Scene, program, stderr, stdout};

/// A block of the README.
struct Block {
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    // Outside, inside, outside, ...
    let parts = readme.split("```").skip(1).step_by(2);
    let blocks = parts.map(|part| part.split_once('\n').unwrap());
    blocks.map(|(language, text)| Block { language: language.to_owned(), text: text.to_owned() }).collect()
}

impl Block {
    fn first_line(&self) -> &str {
        self.text.lines().next().unwrap()
    }

    fn expected(&self) -> &'static Expected {
        let first = self.first_line();
        let expected = EXPECTED.iter().find(|expected| expected.first_line == first);
        expected.unwrap_or_else(|| panic!("no expectation for the block that begins with {first:?}"))
    }

    /// What a shell must run to do what the block's own interpreter does.
    fn scripts(&self) -> Vec<String> {
        let lines = || self.text.lines().map(str::trim);
        let after = |keys: &[&str]| {
            let values = lines().filter_map(|line| keys.iter().find_map(|key| line.strip_prefix(key)));
            values.map(str::to_owned).collect::<Vec<_>>()
        };
        match self.language.as_str() {
            "sh" => vec![self.text.clone()],
            // Five fields are the time; a percent sign would end the line.
            "crontab" => {
                let command = |line: &str| line.splitn(6, ' ').nth(5).unwrap().replace("\\%", "%");
                lines().map(command).collect()
            }
            "dockerfile" => after(&["RUN "]),
            "ini" => after(&["ExecStart="]).iter().map(|line| line.replace("$$", "$")).collect(),
            "make" => vec![format!("cat >Makefile <<'END'\n{}END\nmake -s app", self.text)],
            "puppet" => {
                let quoted = |line: &String| line.trim_end_matches("',").replace("\\'", "'");
                after(&["command => '"]).iter().map(quoted).collect()
            }
            "text" => vec!["printf '#!/bin/sh\nexit 5\n' >bin/jq; chmod +x bin/jq; atomic-write f -- jq".to_owned()],
            "yaml" => {
                let mut scripts = after(&["run: ", "ansible.builtin.command: "]);
                if self.text.contains("script:") {
                    scripts.extend(after(&["- "]));
                }
                scripts
            }
            other => panic!("blocks of {other:?} are not run"),
        }
    }
}

/// Programs that make content; with `$BROKEN` they die half way.
const PRODUCERS: &[(&str, &str)] = &[
    ("generate-config", "echo \"$@\""),
    ("generate-package", "echo '{\"name\": \"app\"}'"),
    ("curl", "case \"$*\" in *json) echo '{\"name\": \"x\"}' ;; *) echo tool ;; esac"),
    ("uuidgen", "echo id"),
    ("render-config", "echo config"),
    ("render-sudoers", "echo 'root ALL=(ALL:ALL) ALL'"),
    ("render-crontab", "echo '* * * * * root report'"),
    ("openssl", "echo key"),
    (
        "protoc",
        "case $1 in --rust_out=*) echo \"rust $(cat \"$2\")\" >\"${1#*=}/api.rs\" ;; *) echo \"$1 $(cat \"$2\")\" ;; esac",
    ),
    ("gcc", "echo \"compiled $(cat \"$4\")\" >\"$3\""),
    ("ffmpeg", "case $3 in *.mp4) echo \"mp4 $(cat \"$2\")\" >\"$3\" ;; *) exit 1 ;; esac"),
    ("sqlite3", "sed -i /log/d \"$1\""),
    ("hugo", "echo site >\"$2/index.html\""),
    ("vi", "echo edited >>\"$1\""),
    ("pdflatex", "to=${1#*=}; echo \"pdf $(cat \"$2\")\" >\"$to/paper.pdf\"; echo log >\"$to/paper.log\""),
    ("make-table", "cat \"$1\""),
    ("build-index", "echo \"index of $1\""),
    ("backup-metrics", "echo 'backup_age 1'"),
    ("make-status", "echo \"$@\""),
    ("ip", "echo \"$@\""),
    ("build-info", "echo \"info $*\""),
];

/// Programs that do something else.
const OTHERS: &[(&str, &str)] = &[
    ("cargo", "echo \"$@\" >>cargo.log"),
    ("systemctl", "echo \"$@\" >>systemctl.log"),
    ("sudo", "exec \"$@\""),
    ("visudo", "[ \"$1\" = -cf ] && grep -q '^root ALL' \"$2\""),
    ("crontab", "[ \"$1\" = -T ] && grep -q '^[*]' \"$2\""),
    ("findmnt", "[ \"$1 $2\" = '--verify --tab-file' ] && grep -q edited \"$3\""),
    ("app", "[ \"$1\" = --check ] && grep -q config \"$2\""),
    ("date", "[ \"$1\" = +%F ] && echo 2026-11-25"),
    ("link-app", "echo link >>link.log; cat \"$@\""),
];

/// A directory with the stand-ins in `bin`, and what the block finds there.
fn scene(expected: &Expected) -> Scene {
    let scene = Scene::new();
    scene.mkdir("bin");
    std::os::unix::fs::symlink(program(), scene.path("bin/atomic-write")).unwrap();
    // Half of it, which jq(1) accepts.
    let die = "[ -z \"$BROKEN\" ] || { echo '\"half\"'; exit 1; }\n";
    let producers = PRODUCERS.iter().map(|(name, script)| (name, format!("#!/bin/sh\n{die}{script}\n")));
    let others = OTHERS.iter().map(|(name, script)| (name, format!("#!/bin/sh\n{script}\n")));
    for (name, script) in producers.chain(others) {
        scene.write(format!("bin/{name}"), script);
        scene.chmod(format!("bin/{name}"), 0o755);
    }
    for (name, content) in expected.before {
        fs::create_dir_all(scene.path(name).parent().unwrap()).unwrap();
        scene.write(name, content);
    }
    scene
}

fn run(scene: &Scene, script: &str, broken: &str) -> Output {
    let here = scene.root().display();
    let mut script = script.replace("/usr/local/bin/atomic-write", "atomic-write");
    for absolute in ["/etc/", "/srv/", "/usr/local/", "/var/lib/"] {
        script = script.replace(&format!(" {absolute}"), &format!(" {here}{absolute}"));
    }
    let sum = "67948dd9afd6afe5043b0029d5aa7cf0f8b2824baf16f4f097d40d830edb686d";
    let mut shell = scene.other("sh");
    let path = format!("{here}/bin:{}", std::env::var("PATH").unwrap_or_default());
    shell.args(["-e", "-c", &script]).env("PATH", path).env("HOME", scene.root()).env("BROKEN", broken);
    shell.env("url", "https://example.org/tool.tgz").env("TOOL_URL", "https://example.org/tool");
    shell.env("sum", sum).env("TOOL_SHA256", sum).env_remove("MAKEFLAGS").env_remove("MAKELEVEL").env_remove("EDITOR");
    shell.output().unwrap()
}

/// Every file below the scene that no block has brought along.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn has(scene: &Scene, expected: &[(&str, &str)], block: &Block) {
    for (name, content) in expected {
        assert_eq!(scene.text(name), *content, "{name} after {}", block.text);
    }
    let leftover = files(scene.root()).into_iter().find(|file| file.to_str().unwrap().contains("/.aw-"));
    assert_eq!(leftover, None, "after {}", block.text);
}

/// What the block needs that no stand-in could replace.
fn can_be_run(block: &Block) -> bool {
    let needs = |tool: &str, word: &str| !block.text.contains(word) || !lacks!((tool));
    needs("jq", "jq ") && (block.language != "make" || !lacks!(make))
}

#[test]
fn every_block_of_the_readme_does_what_it_says() {
    for block in blocks().iter().filter(|block| can_be_run(block)) {
        let expected = block.expected();
        let scene = scene(expected);
        let scripts = block.scripts();
        assert!(!scripts.is_empty(), "nothing to run in {}", block.text);
        for script in scripts {
            let output = run(&scene, &script, "");
            if block.language == "text" {
                assert_eq!((stderr(&output), output.status.code()), (block.text.clone(), Some(5)));
            } else {
                assert!(output.status.success(), "{script}\n{}{}", stdout(&output), stderr(&output));
                assert_eq!(stderr(&output), "", "{script}");
            }
        }
        has(&scene, expected.after, block);
    }
}

#[test]
fn a_producer_that_dies_half_way_changes_nothing() {
    for block in blocks().iter().filter(|block| block.expected().is_guarded && can_be_run(block)) {
        let expected = block.expected();
        let scene = scene(expected);
        for script in block.scripts() {
            let output = run(&scene, &script, "yes");
            assert!(!output.status.success(), "{script}\n{}{}", stdout(&output), stderr(&output));
        }
        has(&scene, expected.before, block);
        for (name, _) in expected.after.iter().filter(|(name, _)| expected.before.iter().all(|(old, _)| old != name)) {
            assert!(!scene.path(name).exists(), "{name} after {}", block.text);
        }
    }
}

#[test]
fn every_expectation_has_its_block() {
    let blocks = blocks();
    for expected in EXPECTED {
        let found = blocks.iter().filter(|block| block.first_line() == expected.first_line).count();
        assert_eq!(found, 1, "{:?}", expected.first_line);
    }
}

/// The scene of the Makefile, built once, with times that do not depend on the clock: the sources are older than what was
/// made from them.
fn built() -> (Scene, String) {
    let block = blocks().into_iter().find(|block| block.language == "make").unwrap();
    let scene = scene(block.expected());
    let script = block.scripts().remove(0);
    assert!(run(&scene, &script, "").status.success());
    let times = "touch -d 2020-01-01 api.proto table.csv && touch -d 2020-01-02 gen/* && touch -d 2020-01-03 app";
    assert!(run(&scene, times, "").status.success());
    (scene, script)
}

#[test]
fn make_links_again_only_if_the_generated_content_differs() {
    needs!(make);
    let (scene, script) = built();
    assert!(run(&scene, "touch -d 2020-01-04 table.csv", "").status.success());
    assert!(run(&scene, &script, "").status.success());
    assert_eq!(scene.text("link.log"), "link\n", "the same table");
    let stamp = fs::metadata(scene.path("gen/table.stamp")).unwrap().modified().unwrap();
    assert!(stamp > fs::metadata(scene.path("table.csv")).unwrap().modified().unwrap(), "made again");

    scene.write("table.csv", "other\n");
    assert!(
        run(&scene, "touch -d 2020-01-05 table.csv gen/table.stamp; touch -d 2020-01-06 table.csv", "")
            .status
            .success()
    );
    assert!(run(&scene, &script, "").status.success());
    assert_eq!(scene.text("app"), "--print api\nother\n");
    assert_eq!(scene.text("link.log"), "link\nlink\n");
}

#[test]
fn make_keeps_the_target_of_a_recipe_that_fails() {
    needs!(make);
    let (scene, script) = built();
    assert!(run(&scene, "touch -d 2020-01-04 api.proto", "").status.success());
    let script = script.replacen("END'\n", "END'\n.DELETE_ON_ERROR:\n", 1);
    assert!(!run(&scene, &script, "yes").status.success());
    assert_eq!(scene.text("gen/api.rs"), "--print api\n");
}
