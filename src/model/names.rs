//! What names may look like.

/// Whether a name is a DNS label, as names of namespaces must be.
/// Upstream: `k8s.io/apimachinery/pkg/util/validation` (`IsDNS1123Label`).
pub fn is_dns_label(name: &str) -> bool {
    name.len() <= 63 && has_dns_label_form(name)
}

/// Whether a name is a DNS subdomain, as names of most objects must be: DNS labels of any length joined by dots.
/// Upstream: `k8s.io/apimachinery/pkg/util/validation` (`IsDNS1123Subdomain`).
pub fn is_dns_subdomain(name: &str) -> bool {
    name.len() <= 253 && has_dns_subdomain_form(name)
}

/// The expression of [`is_dns_label`], without the length.
pub(crate) fn has_dns_label_form(name: &str) -> bool {
    let alphanumeric = |c: &u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = name.as_bytes();
    bytes.iter().all(|c| alphanumeric(c) || *c == b'-')
        && bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
}

/// The expression of [`is_dns_subdomain`], without the length.
pub(crate) fn has_dns_subdomain_form(name: &str) -> bool {
    name.split('.').all(has_dns_label_form)
}
