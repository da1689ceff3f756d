const WORD: &str = "Hello";

/// Return the greeting for an event of the API.
pub fn greet(event: &str) -> Result<String, String> {
    let name = parameter(event, "name");
    if name == "nobody" {
        return Err("nobody is here".to_string());
    }
    Ok(format!("{WORD}, {name}, from Rust"))
}

/// Return a path parameter; without a JSON reader, by its place in the text.
fn parameter(event: &str, name: &str) -> String {
    let Some((_, rest)) = event.split_once("\"pathParameters\"") else {
        return String::new();
    };
    let Some((_, rest)) = rest.split_once(&format!("\"{name}\"")) else {
        return String::new();
    };
    rest.split('"').nth(1).unwrap_or_default().to_string()
}
