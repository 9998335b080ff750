//! The fixtures are what the program writes.
#![allow(missing_docs)]

#[path = "../examples/fixtures.rs"]
mod program;

#[test]
fn the_fixtures_are_what_the_program_writes() {
    let files = program::files();
    for (name, content) in &files {
        let found = std::fs::read(program::folder().join(name)).unwrap_or_default();
        assert!(found == *content, "{name} differs: run `cargo run -p lupu-proof --example fixtures`");
    }
    let listed = std::fs::read_dir(program::folder()).unwrap().count();
    assert_eq!(listed, files.len(), "a file that the program does not write");
}
