//! The command line of a test target with a harness of its own, which is that of cargo's harness.

/// What is asked for.
pub struct Arguments {
    /// List the tests instead of running them.
    pub list: bool,
    /// Print a line for each test.
    pub verbose: bool,
    /// Run only what contains one of these; everything, where there is none.
    pub filters: Vec<String>,
}

impl Arguments {
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Self {
        let mut words = arguments.into_iter();
        let mut parsed = Self { list: false, verbose: false, filters: Vec::new() };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--list" => parsed.list = true,
                "--nocapture" | "--no-capture" | "--show-output" => parsed.verbose = true,
                "--color" | "--format" | "--logfile" | "--skip" | "--test-threads" | "-Z" => {
                    words.next();
                }
                _ if word.starts_with('-') => {}
                _ => parsed.filters.push(word),
            }
        }
        parsed
    }

    /// Whether a test of this name is to be run.
    pub fn selects(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter.as_str()))
    }
}
