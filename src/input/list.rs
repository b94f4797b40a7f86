//! What the elements of a `List` get from the list.

/// The kind and API version that elements of a typed list leave out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ListHead {
    /// For elements without `kind`; empty in a plain `List`.
    pub(super) kind: String,
    /// For elements without `kind` and `apiVersion`; empty in a plain `List`.
    pub(super) api_version: String,
}

impl ListHead {
    /// From the list's own kind: `PodList` holds objects of kind `Pod`, `List` anything.
    pub(super) fn new(kind: String, api_version: String) -> Self {
        match kind.strip_suffix("List") {
            Some(kind) if !kind.is_empty() => ListHead {
                kind: kind.to_owned(),
                api_version,
            },
            _ => ListHead::default(),
        }
    }
}
