"""The Flask app: predictions, information, pages, metrics, request log."""
