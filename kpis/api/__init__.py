"""One module a resource under /api/v1/. HTTP words here, domain words below."""
