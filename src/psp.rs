//! PodSecurityPolicy admission as Kubernetes 1.24 did it.
