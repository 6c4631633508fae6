//! What a resource type is: its attributes, where each source keeps them, what absence means.
