"""What is no usual car on offer among clean listings: found, named, and dropped or marked as the market says."""
