//! Turns an estate and content into findings; runs and mutates the pages' examples.
