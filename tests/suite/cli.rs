//! The command line: help, exit codes, streams, colour, and the folder that `migrate` writes.

mod answers;
mod dumps;
mod exit;
mod output_folder;
mod streams;

/// A pod that only privileged admits.
const PRIVILEGED: &str = "\
{apiVersion: v1, kind: Pod, metadata: {name: raw, namespace: shop}, spec: {hostPID: true, containers: [{name: c, image: i}]}}
";

/// A pod that baseline admits.
const BASELINE: &str = "\
{apiVersion: v1, kind: Pod, metadata: {name: plain, namespace: shop}, spec: {containers: [{name: c, image: i}]}}
";

/// A Deployment of which YAML makes nothing.
const BROKEN: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: broken, namespace: shop
";
