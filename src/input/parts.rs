//! Parts of a document, whichever syntax it is written in.

use serde::de::DeserializeOwned;

use super::document::Body;
use super::{DecodeError, Document, NodeId, Tree};

impl Document<'_> {
    /// Decodes the part of the object that stands below these keys; `None` if there is none.
    pub fn decode_at<T: DeserializeOwned>(&self, keys: &[&str]) -> Result<Option<T>, DecodeError> {
        self.with_tree(|tree, root| {
            let found = keys.iter().try_fold(root, |node, key| tree.get(node, key));
            let decoded = found.map(|node| self.decode_node(tree, node));
            decoded.transpose().map_err(|mut error| {
                let rest = std::mem::take(&mut error.path);
                error.path = keys.join(".");
                if !rest.is_empty() && !rest.starts_with('[') {
                    error.path.push('.');
                }
                error.path.push_str(&rest);
                error
            })
        })?
    }

    /// Gives the object as a node tree to somebody who names the places of fields.
    ///
    /// # Errors
    /// If it is JSON that no tree can be made of.
    pub fn with_tree<R>(
        &self,
        read: impl FnOnce(&Tree<'_>, NodeId) -> R,
    ) -> Result<R, DecodeError> {
        match &self.body {
            Body::Tree { tree, node } => Ok(read(tree, *node)),
            Body::Json { text, origin } | Body::Unread { text, origin, .. } => {
                let (tree, node) = self.look_through(text, *origin)?;
                Ok(read(&tree, node))
            }
        }
    }
}
