//! Findings about who could use a bypass besides those that it is for.

use crate::plan::bypass::{Beyond, Reach};
use crate::plan::findings::{Draft, Findings, Place};
use crate::plan::granted::title;
use crate::plan::level::list;

/// A bypass that is not planned because of whom it would reach; or whom one that is planned reaches.
pub(super) fn reach(reach: &Reach, bypassed: &[String], findings: &mut Findings) {
    if reach.opens.is_empty() {
        for beyond in reach.administrators.values() {
            findings.add(administrators(beyond), place(beyond));
        }
    }
    for beyond in reach.opens.values() {
        findings.add(withheld(beyond, bypassed), place(beyond));
    }
}

fn withheld(beyond: &Beyond, bypassed: &[String]) -> Draft {
    Draft {
        code: "bypass-reach",
        title: "a bypass would open namespaces that it is not for, so none is planned".to_owned(),
        evidence: vec![evidence(beyond)],
        consequence: format!(
            "whoever may use every policy may use one that permits everything, where no label protects; so until the \
             plugin is off, {} and the patches that the policies refuse are not applied",
            match bypassed {
                [one] => format!("{one} enforces no tighter level"),
                many => format!("{} enforce no tighter level", list(many)),
            }
        ),
        remedy: "name the policies that are meant in the rule (resourceNames), and plan again; or turn the plugin off first, and patch \
                 and label then"
            .to_owned(),
    }
}

fn administrators(beyond: &Beyond) -> Draft {
    Draft {
        code: "bypass-reach",
        title: "administrators may use the bypass outside the namespaces that it is for".to_owned(),
        evidence: vec![evidence(beyond)],
        consequence: "from 40-bypass on, no policy refuses or changes the pods that these make themselves, or that run as \
                      these accounts; nobody gains a right, because they can make and use such a policy today"
            .to_owned(),
        remedy: "know who that is before 40-bypass is applied; name the policies in the rule (resourceNames) where an \
                 account needs no other"
            .to_owned(),
    }
}

fn evidence(beyond: &Beyond) -> String {
    let reached = match &beyond.namespaces {
        None => "in every namespace".to_owned(),
        Some(names) => {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            format!("in {}", list(&names))
        }
    };
    format!("{} allows every policy {reached}", beyond.chain)
}

fn place(beyond: &Beyond) -> Place {
    let binding = beyond.chain.binding;
    Place {
        namespace: binding.namespace.clone(),
        object: title(binding.kind(), binding.namespace.as_deref(), &binding.name),
        source: binding.sources.first().cloned(),
    }
}
