//! Reads content pages and refuses broken ones with page, line and column.
