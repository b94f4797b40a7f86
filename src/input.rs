//! Files, standard input and text to documents.
