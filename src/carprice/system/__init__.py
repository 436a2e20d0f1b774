"""Small tools without a domain: files, processes, ports."""
