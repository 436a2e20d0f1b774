"""What cars were sold or listed for: read, checked, kept in SQLite, exported, erased."""
