"""What clients of other model servers speak: MLflow, KServe, SageMaker, Vertex AI, the Open Inference Protocol."""
