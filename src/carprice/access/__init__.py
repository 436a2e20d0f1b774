"""Who may ask for what: API keys, what each is for, and the stack's own key."""
