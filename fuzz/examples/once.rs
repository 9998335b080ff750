//! Runs one target on inputs from files, on stable Rust: `once TARGET FILE…`.

fn main() {
    let mut words = std::env::args().skip(1);
    let name = words.next().expect("once TARGET FILE…");
    for file in words {
        let data = std::fs::read(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
        lupu_fuzz::run(&name, &data);
        println!("{file}: holds");
    }
}
