"""What `import carprice` offers in a notebook."""
