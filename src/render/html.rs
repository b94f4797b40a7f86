//! stub
use super::json::v1;
/// r
pub fn report(_: &v1::Document<v1::MigrationReport>) -> String {
    String::new()
}
