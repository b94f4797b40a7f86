//! A client of the DevTools protocol, just big enough: a headless Chromium on two pipes, one page, no dependency.
//!
//! `--remote-debugging-pipe` speaks on the file descriptors 3 and 4; a shell makes those of its standard input and
//! output. Messages are JSON and end with a zero byte. The browser ends when the pipe is closed.
#![expect(
    clippy::disallowed_methods,
    reason = "looks for a browser and its scripts"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a browser may take for one answer, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Must be set where a missing browser is a failure and no reason to skip.
const REQUIRED: &str = "PSP2PSA_BROWSER";

/// The folder in which `npm install --prefix` leaves the scripts that tests inject.
const SCRIPTS: &str = "target/browser/node_modules";

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    pipe: Option<ChildStdin>,
    messages: Receiver<Value>,
    last: u64,
    session: Option<String>,
    /// Everything that the page reported by itself, in order.
    pub(super) events: Vec<Value>,
    _profile: TempDir,
}

/// The browser, or nothing where none is installed: then a notice says that the test was skipped.
pub(super) fn browser() -> Option<Browser> {
    let found = std::env::var_os("CHROMIUM").map(PathBuf::from).or_else(|| {
        let paths = std::env::var_os("PATH")?;
        let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
        std::env::split_paths(&paths)
            .flat_map(|folder| names.map(|name| folder.join(name)))
            .find(|path| path.is_file())
    });
    match found {
        Some(program) => Some(Browser::start(&program)),
        None => skipped("no Chromium is installed (apt-get install chromium)"),
    }
}

/// A script of an npm package, or nothing where it is not installed.
pub(super) fn script(path: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(SCRIPTS)
        .join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(_) => {
            let package = path.split('/').next().unwrap_or_default();
            skipped(&format!(
                "npm install --prefix target/browser {package} was not run"
            ))
        }
    }
}

/// Says why a test does nothing. Not through `eprintln!`, which the test harness swallows.
fn skipped<T>(why: &str) -> Option<T> {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    assert!(
        std::env::var_os(REQUIRED).is_none(),
        "{test} must run, but {why}"
    );
    let _ = writeln!(std::io::stderr(), "notice: {test} is skipped: {why}");
    None
}

impl Browser {
    fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1",
                "sh",
            ])
            .arg(program)
            .args([
                "--headless",
                "--remote-debugging-pipe",
                // Tests run as root in containers.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-extensions",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                // A test follows more links in a second than people do.
                "--disable-ipc-flooding-protection",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
                "--lang=en-US",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            // What it forgets when it is killed goes with its profile.
            .env("TMPDIR", profile.path())
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let pipe = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while matches!(answers.read_until(0, &mut bytes), Ok(read) if read > 0) {
                let text = bytes.strip_suffix(&[0]).unwrap_or(&bytes);
                let message = serde_json::from_slice(text).expect("messages are JSON");
                if sender.send(message).is_err() {
                    return;
                }
                bytes.clear();
            }
        });
        let mut browser = Browser {
            child,
            pipe,
            messages,
            last: 0,
            session: None,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true }));
        browser
    }

    /// The answer to a command; what the page reports meanwhile is collected.
    #[track_caller]
    pub(super) fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let pipe = self.pipe.as_mut().expect("an open pipe");
        write!(pipe, "{message}\0").expect("the browser reads");
        loop {
            let answer = self.message(method);
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    #[track_caller]
    fn message(&mut self, awaited: &str) -> Value {
        match self.messages.recv_timeout(PATIENCE) {
            Ok(message) => message,
            Err(error) => panic!("the browser does not answer to {awaited}: {error}"),
        }
    }

    /// Opens a file at a width, in a colour scheme, and waits until it is loaded.
    #[track_caller]
    pub(super) fn open(&mut self, file: &Path, fragment: &str, width: u32, scheme: &str) {
        self.size(width, 900);
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [scheme] }),
        );
        // A page that differs in its fragment alone would not be loaded anew.
        self.go("about:blank");
        self.events.clear();
        self.go(&format!("file://{}{fragment}", file.display()));
    }

    #[track_caller]
    fn go(&mut self, url: &str) {
        let loader = self.call("Page.navigate", json!({ "url": url }))["loaderId"].clone();
        let loaded = |event: &Value| {
            event["method"] == "Page.lifecycleEvent"
                && event["params"]["name"] == "load"
                && event["params"]["loaderId"] == loader
        };
        while !self.events.iter().any(loaded) {
            let message = self.message(url);
            self.events.push(message);
        }
    }

    /// What an expression, or a promise, comes to in the page.
    #[track_caller]
    pub(super) fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        let thrown = &answer["exceptionDetails"];
        assert!(thrown.is_null(), "{expression}: {thrown}");
        answer["result"]["value"].clone()
    }

    /// Presses and releases a key, as a keyboard does.
    pub(super) fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": key, "code": key, "text": if kind == "keyDown" { text } else { "" },
                "windowsVirtualKeyCode": code,
            });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    fn size(&mut self, width: u32, height: u64) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Makes the window as high as the page, so that nothing is left unpainted because nobody sees it.
    #[track_caller]
    pub(super) fn unroll(&mut self, width: u32) {
        // What is painted then may turn out to be higher than was thought.
        for _ in 0..3 {
            let height = self.eval("document.documentElement.scrollHeight").as_u64();
            self.size(width, height.expect("a height").min(60_000));
            self.eval(
                "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
            );
        }
    }

    /// A picture of the first element that a selector finds, as PNG, at a scale.
    #[track_caller]
    pub(super) fn picture(&mut self, selector: &str, scale: f64) -> Vec<u8> {
        let clip = self.eval(&format!(
            "(() => {{ const it = document.querySelector('{selector}').getBoundingClientRect();
                return {{ x: Math.floor(it.x), y: Math.floor(it.y + scrollY), width: Math.ceil(it.width),
                    height: Math.ceil(it.height), scale: {scale} }}; }})()"
        ));
        let params = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
        let answer = self.call("Page.captureScreenshot", params);
        base64(answer["data"].as_str().expect("a picture"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.pipe.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Decodes base64 (RFC 4648).
fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for c in text.bytes().filter(|c| *c != b'=') {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}
