//! stub
use super::json::v1;
/// r
pub fn report(_: &v1::Document<v1::MigrationReport>) -> String {
    String::new()
}
/// r
pub fn summary(_: &v1::Document<v1::MigrationReport>) -> String {
    String::new()
}
/// r
pub fn pull_request(_: &v1::Document<v1::MigrationReport>) -> String {
    String::new()
}
/// s
pub fn map(_: &v1::MapReport) -> String {
    String::new()
}
/// s
pub fn access(_: &v1::AccessReport) -> String {
    String::new()
}
/// s
pub fn check(_: &v1::CheckReport) -> String {
    String::new()
}
