//! Every block of the README and of the pages in docs/ is run, with stand-ins for what is not there, and does what it says.
//!
//! Absolute paths are taken below the test's own directory. A block is known by its first line; one that nobody expects
//! anything of fails the test. Where it says so, it is run a second time with producers that die half way, and must then
//! fail and leave every file as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::expected::{Expected, PAGES};
use super::stand_ins::{OTHERS, PRODUCERS};
use crate::common::needs::{lacks, needs};
use crate::common::{Scene, program, stderr, stdout};

/// A block of a page.
pub struct Block {
    page: &'static str,
    expectations: &'static [Expected],
    language: String,
    text: String,
}

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for (name, expectations) in PAGES {
        let text = page(name);
        // Outside, inside, outside, ...
        let parts = text.split("```").skip(1).step_by(2);
        blocks.extend(parts.map(|part| part.split_once('\n').unwrap()).map(|(language, text)| {
            let (language, text) = (language.to_owned(), text.to_owned());
            Block { page: name, expectations, language, text }
        }));
    }
    blocks
}

/// The block that begins so.
pub fn block(first_line: &str) -> Block {
    blocks().into_iter().find(|block| block.first_line() == first_line).unwrap()
}

impl Block {
    fn first_line(&self) -> &str {
        self.text.lines().next().unwrap()
    }

    pub fn expected(&self) -> &'static Expected {
        let first = self.first_line();
        let expected = self.expectations.iter().find(|expected| expected.first_line == first);
        expected.unwrap_or_else(|| panic!("{}: nothing is expected of the block that begins with {first:?}", self.page))
    }

    /// What a shell must run to do what the block's own interpreter does.
    pub fn scripts(&self) -> Vec<String> {
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
            "make" => {
                let goal = if self.text.contains("\ninstall:") { "install DESTDIR=stage" } else { "app" };
                vec![format!("cat >Makefile <<'END'\n{}END\nmake -s {goal}", self.text)]
            }
            "puppet" => {
                let quoted = |line: &String| line.trim_end_matches("',").replace("\\'", "'");
                after(&["command => '"]).iter().map(quoted).collect()
            }
            "text" if self.text.contains(" files: ") => {
                vec!["atomic-write -t app build/a.conf build/b.conf build/c.conf".to_owned()]
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

/// A directory with the stand-ins in `bin`, and what the block finds there.
pub fn scene(expected: &Expected) -> Scene {
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
        if content.starts_with("#!") {
            scene.chmod(name, 0o755);
        }
    }
    scene
}

pub fn run(scene: &Scene, script: &str, broken: &str) -> Output {
    let here = scene.root().display();
    // Where it begins a command.
    let script = script.strip_prefix("/usr/local/bin/").unwrap_or(script);
    let mut script = script.replace("-- /usr/local/bin/", "-- ");
    for absolute in ["/etc/", "/srv/", "/usr/local/", "/var/lib/"] {
        script = script.replace(&format!(" {absolute}"), &format!(" {here}{absolute}"));
    }
    let sum = "67948dd9afd6afe5043b0029d5aa7cf0f8b2824baf16f4f097d40d830edb686d";
    let mut shell = scene.other("sh");
    let path = format!("{here}/bin:{}", std::env::var("PATH").unwrap_or_default());
    shell.args(["-e", "-c", &script]).env("PATH", path).env("HOME", scene.root()).env("BROKEN", broken);
    shell.env("url", "https://example.org/tool.tgz").env("TOOL_URL", "https://example.org/tool");
    shell
        .env("sum", sum)
        .env("TOOL_SHA256", sum)
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .env("EDITOR", "nano -w");
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
    needs("jq", "jq ") && needs("bash", "--shell") && (block.language != "make" || !lacks!(make))
}

#[test]
fn every_block_does_what_it_says() {
    for block in blocks().iter().filter(|block| can_be_run(block)) {
        let expected = block.expected();
        let scene = scene(expected);
        let scripts = block.scripts();
        assert!(!scripts.is_empty(), "nothing to run in {}", block.text);
        for script in scripts {
            let output = run(&scene, &script, "");
            if block.language == "text" {
                let status = if script.contains("jq") { 5 } else { 1 };
                assert_eq!((stderr(&output), output.status.code()), (block.text.clone(), Some(status)));
            } else {
                assert!(output.status.success(), "{script}\n{}{}", stdout(&output), stderr(&output));
                assert_eq!(stderr(&output), expected.said, "{script}");
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
            // What comes after the command that failed fails by itself; a copy has no producer.
            let produced: Vec<_> = script.lines().filter(|line| !line.contains("--from ")).collect();
            run(&scene, &format!("set +e\n{}", produced.join("\n")), "yes");
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
    for (page, expectations) in PAGES {
        for expected in expectations {
            let is_its = |block: &&Block| block.page == page && block.first_line() == expected.first_line;
            assert_eq!(blocks.iter().filter(is_its).count(), 1, "{page}: {:?}", expected.first_line);
        }
    }
}

#[test]
fn every_page_with_blocks_is_run() {
    let pages = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap();
    let names = pages.map(|entry| format!("docs/{}", entry.unwrap().file_name().into_string().unwrap()));
    for name in names.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md")) {
        let is_run = PAGES.iter().any(|(known, _)| *known == name);
        assert!(is_run || !page(&name).contains("```"), "{name}");
    }
}

/// The cells between backticks of the rows of the README's first table: what people write, and what to write instead.
fn pairs() -> Vec<(String, String)> {
    let readme = page("README.md");
    let rows = readme.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| !line.is_empty());
    let quoted =
        |row: &str| row.replace("\\|", "|").split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>();
    rows.map(quoted).map(|cells| (cells[0].clone(), cells.last().unwrap().clone())).collect()
}

#[test]
fn the_pairs_at_the_top_do_what_they_say() {
    needs!(gcc, sponge);
    let pairs = pairs();
    assert_eq!(pairs.len(), 3);
    let prepare = |scene: &Scene| {
        scene.mkdir("bin");
        std::os::unix::fs::symlink(program(), scene.path("bin/atomic-write")).unwrap();
        scene.write("bin/cmd", "#!/bin/sh\necho half\nexit 1\n");
        scene.chmod("bin/cmd", 0o755);
        // It compiles, and cannot be linked.
        scene.write("main.c", "int missing(void); int main(void) { return missing(); }\n");
        scene.write("f", "old");
        scene.write("app", "old");
    };
    let is_as_before = |command: &str| {
        let scene = Scene::new();
        prepare(&scene);
        run(&scene, command, "");
        scene.path("app").exists() && (scene.text("f"), scene.text("app")) == ("old".to_owned(), "old".to_owned())
    };
    for (usual, instead) in pairs {
        assert!(!is_as_before(&usual), "{usual}");
        assert!(is_as_before(&instead), "{instead}");
    }
}
