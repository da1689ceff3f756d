//! Greets whoever the path names. It speaks the Runtime API by itself, with the standard
//! library alone; most projects leave that to the crate lambda_runtime.
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

mod greeting;

struct Reply {
    request_id: String,
    body: String,
}

fn read(stream: &TcpStream) -> io::Result<Reply> {
    let mut reader = BufReader::new(stream);
    let (mut request_id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "lambda-runtime-aws-request-id" => request_id = value.trim().to_string(),
                "content-length" => length = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Reply {
        request_id,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn main() -> io::Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("runs in Lambda");
    let (host, base) = api.split_once('/').unwrap_or((&api, ""));
    let prefix = format!("/{base}/2018-06-01/runtime/invocation").replace("//", "/");
    let mut stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    loop {
        let ask = format!("GET {prefix}/next HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(ask.as_bytes())?;
        let next = read(&stream)?;
        let (kind, body) = match greeting::greet(&next.body) {
            Ok(text) => (
                "response",
                format!(r#"{{"statusCode": 200, "body": "{text}"}}"#),
            ),
            Err(text) => (
                "error",
                format!(r#"{{"errorType": "Error", "errorMessage": "{text}"}}"#),
            ),
        };
        let (id, size) = (next.request_id, body.len());
        let head = format!("POST {prefix}/{id}/{kind} HTTP/1.1\r\nHost: {host}");
        let answer = format!("{head}\r\nContent-Length: {size}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes())?;
        read(&stream)?;
    }
}
