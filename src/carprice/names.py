"""Names that more than one part uses: services, paths, aliases, environment. Each stands here once."""

API = "car-price-api"
CANDIDATE = "car-price-api-next"
"""The service of a rollout's candidate."""
EDGE = "edge"
MLFLOW = "mlflow-server"

LOOPBACK = "127.0.0.1"
API_PORT = 5000
"""Inside a container, and the default outside."""
MLFLOW_PORT = 5001

PRICE_PATH = "/predict/price"
BATCH_PATH = "/predict/batch"
CURVE_PATH = "/predict/curve"
FEEDBACK_PATH = "/feedback"
STATUS_PATH = "/info/status"
FEATURES_PATH = "/info/features"
MODEL_PATH = "/info/model"
ALIVE_PATH = "/livez"
READY_PATH = "/readyz"
PING_PATH = "/ping"
"""MLflow's and SageMaker's probe."""
V2_PATH = "/v2"
"""Of the Open Inference Protocol."""
PROBE_PATHS = frozenset(
    (ALIVE_PATH, READY_PATH, STATUS_PATH, PING_PATH, f"{V2_PATH}/health/live", f"{V2_PATH}/health/ready")
)
"""Orchestrators, the edge and Docker ask them: they need no key, and no line in the log."""
METRICS_PATH = "/metrics"
SAMPLE_PATH = "/info/sample"
"""Some recent requests, for gates that cannot read logs/; only where CARPRICE_SHARE_SAMPLE says so."""
SERVICE_PAGE = "/service"
STOCK_PAGE = "/stock"
OPENAPI_PATH = "/api/openapi.json"

LISTING_SCHEMA = "Listing"
"""The schema of one car in the OpenAPI document; its first example is a car that the model can price."""
PRICE_COUNT = "predicted_price"
"""The histogram of predicted prices in /metrics, one for each currency."""

CHAMPION = "champion"
CHALLENGER = "challenger"
REGISTERED_MODEL = "car-price"
"""The name of the registered model, and of the experiment, in MLflow."""
PENDING = "pending"
"""Of what MLflow has not been told yet."""

IMAGE_MODEL = "image"
"""The model version that stands for the one inside the image."""
ARTIFACTS = "artifacts"
"""Where a served model came from: the folder of models."""
FALLBACK = "fallback"
"""Where a served model came from: the image's own, because there is no champion or it was asked for."""

RELEASES_FILE = "releases.json"
"""In artifacts/: the last releases, for the service's page; no container sees the journal itself."""

STATISTICS_FILE = "demo-cars.csv"
"""In markets/: what the demo market draws its listings from."""

KIB = 1024
MIB = 1024 * KIB

API_KEYS = "CARPRICE_API_KEYS"
"""The setting that names the folder of the API keys."""

LOG_FILE = "api.jsonl"
"""In logs/: what happened, a line for each request."""
SAMPLE_FILE = "requests.jsonl"
"""In logs/: some valid requests with their answers."""

DOCTOR_HINT = "Find out more: ./carprice doctor"
LOG_HINT = "Read the log: ./carprice logs"
"""The next step of an error about a replica; a rollout puts its log's last lines there before it is removed."""
