"""Rows of texts from any file: archives, encodings, CSV, JSON, workbooks and Parquet, with their lines."""
