//! Why something stays.

/// Why an object that speaks of policies stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its rules follow those of the roles that it collects.
    Aggregated,
    /// Kubernetes creates it, and would create it again.
    Bootstrap,
    /// A binding refers to it that is in a namespace which the user leaves out.
    BoundInExcluded,
    /// The user leaves its namespace out.
    Excluded,
    /// It names no namespace, and the input does not tell which.
    Homeless,
    /// The API server has no such kind any more.
    NoSuchKind,
    /// The input has variants of it, which would have to become different things.
    Variants,
    /// Using policies cannot be told apart from the rest of a rule.
    Wildcard,
}

impl Why {
    /// The reason, as a sentence without a full stop.
    pub fn sentence(self) -> &'static str {
        match self {
            Why::Aggregated => {
                "it is aggregated, so its rules change by themselves with the roles that it collects"
            }
            Why::Bootstrap => {
                "its name or label says that it is of Kubernetes itself, which may create it again"
            }
            Why::BoundInExcluded => {
                "a binding of a namespace that is left out refers to it; it grants nothing once the policies are gone"
            }
            Why::Excluded => "its namespace is left out",
            Why::Homeless => {
                "it names no namespace, and the input does not tell which; clean it up where it is applied"
            }
            Why::NoSuchKind => {
                "a node of the input is of 1.25 or newer, so its API server knows no policies: there is only this file"
            }
            Why::Variants => {
                "the input defines it in several ways; take the policies out of each by hand"
            }
            Why::Wildcard => {
                "a wildcard allows more than the use of policies; take the policies out by hand if nothing needs the rest"
            }
        }
    }
}
