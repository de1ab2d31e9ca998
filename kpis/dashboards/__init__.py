"""One module a page: sight, value, template. No query and no arithmetic."""
