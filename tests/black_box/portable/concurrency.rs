//! Many at once: writers without the lock do not mix, readers see whole files, one of many wins.

mod readers;
mod writers;

/// Content of one writer: each of its many lines says whose it is.
fn tagged(writer: usize, lines: usize) -> Vec<u8> {
    format!("{writer:09}\n").repeat(lines).into_bytes()
}

/// Whose it is, whole. Fails where it is torn or mixed.
fn writer_of(content: &[u8], lines: usize) -> usize {
    assert_eq!(content.len(), lines * 10, "torn");
    let first = &content[..10];
    assert!(content.chunks(10).all(|line| line == first), "mixed");
    std::str::from_utf8(first).unwrap().trim().parse().unwrap()
}
