"""MLflow: runs, uploads, promotion, the list of models."""
