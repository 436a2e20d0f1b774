"""The stack on this machine without containers: the API and MLflow, supervised."""
