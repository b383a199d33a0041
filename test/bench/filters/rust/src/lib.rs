//! The policy of the bench with the Rust SDK, as its examples are written: a header is asked for where it is needed.
//! Configuration: `CALLS NAME` in the first line, then `KEY CONSUMER TIER GROUPS` for each caller.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::UNIX_EPOCH;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

struct Consumer {
    name: String,
    tier: String,
    groups: String,
    tokens: f64,
    filled: u128,
}

#[derive(Default)]
struct Policy {
    rate: f64,
    told: String,
    limit: String,
    consumers: HashMap<String, Consumer>,
}

#[derive(Default)]
struct Root {
    policy: Rc<RefCell<Policy>>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        match String::from_utf8(bytes).ok().and_then(|text| read(&text)) {
            Some(policy) => {
                *self.policy.borrow_mut() = policy;
                true
            }
            None => false,
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Call { policy: Rc::clone(&self.policy), left: 0 }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn read(text: &str) -> Option<Policy> {
    let mut lines = text.lines();
    let (calls, limit) = lines.next()?.split_once(' ')?;
    let rate: f64 = calls.parse().ok()?;
    let mut policy = Policy { rate, told: format!("\"{limit}\";q={calls};w=1"), limit: limit.into(), ..Default::default() };
    for line in lines {
        let mut parts = line.split(' ').map(String::from);
        let (key, name, tier, groups) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        policy.consumers.insert(key, Consumer { name, tier, groups, tokens: rate, filled: 0 });
    }
    Some(policy)
}

struct Call {
    policy: Rc<RefCell<Policy>>,
    left: u64,
}

impl Call {
    fn refuse(&self, status: u32, body: &str) -> Action {
        self.send_http_response(status, vec![("content-type", "application/problem+json")], Some(body.as_bytes()));
        Action::Pause
    }
}

impl Context for Call {}

impl HttpContext for Call {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let shared = Rc::clone(&self.policy);
        let policy = &mut *shared.borrow_mut();
        let key = self.get_http_request_header("x-api-key").unwrap_or_default();
        let consumer = match policy.consumers.get_mut(&key) {
            Some(consumer) => consumer,
            None => return self.refuse(401, r#"{"type":"about:blank","title":"Unauthorized","status":401}"#),
        };
        let method = self.get_http_request_header(":method").unwrap_or_default();
        let draft = || self.get_http_request_header(":path").map_or(false, |path| path.starts_with("/orders/drafts/"));
        if method != "GET" && !(method == "POST" && draft()) {
            return self.refuse(403, r#"{"type":"about:blank","title":"Forbidden","status":403}"#);
        }
        let now = self.get_current_time().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let gained = (now - consumer.filled) as f64 * policy.rate / 1000.0;
        consumer.tokens = policy.rate.min(consumer.tokens + gained);
        consumer.filled = now;
        if consumer.tokens < 1.0 {
            return self.refuse(429, r#"{"type":"about:blank","title":"Too Many Requests","status":429}"#);
        }
        consumer.tokens -= 1.0;
        self.left = consumer.tokens as u64;
        self.set_http_request_header("x-api-key", None);
        self.set_http_request_header("x-consumer", Some(&consumer.name));
        self.set_http_request_header("x-consumer-tier", Some(&consumer.tier));
        self.set_http_request_header("x-consumer-groups", Some(&consumer.groups));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let policy = self.policy.borrow();
        self.set_http_response_header("ratelimit", Some(&format!("\"{}\";r={};t=1", policy.limit, self.left)));
        self.set_http_response_header("ratelimit-policy", Some(&policy.told));
        Action::Continue
    }
}
