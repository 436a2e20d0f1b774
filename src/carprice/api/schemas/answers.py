"""The answers of the API, each described once: what is encoded, and what OpenAPI's schemas follow from.

A Struct with UNSET leaves a member out; None is null. docs/bundle.md has every figure of a model.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from carprice.feedback.entry import Answer, FeedbackKind
from carprice.market.market_file import KindName
from carprice.model.evidence.comparables import Comparable, Comparables
from carprice.model.evidence.curve import Curve, CurvePoint
from carprice.model.input_warnings import InputWarning
from carprice.model.listing import FieldProblem
from carprice.model.position import Position
from carprice.model.valuation import Breakdown, Confidence, Coverage, Money, NotGiven, Placed, Valuation
from carprice.names import ARTIFACTS, FALLBACK

Figures = dict[str, float | None]
Limit = float | str | None
Uri = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
AsOf = Annotated[
    str | None,
    Meta(
        description="The last day that the model learnt from; null where listings have no day.",
        extra_json_schema={"format": "date"},
    ),
]
UriReference = Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]


IndexMoved = Annotated[
    float | UnsetType,
    Meta(description="By which share feedback has moved prices since the training; only where it may."),
]


class PriceAnswer(Struct):
    """What a car is worth, and the model that says so."""

    price: Money
    low: Money
    high: Money
    currency: str
    model_version: str
    as_of: AsOf
    confidence: Confidence
    coverage: Coverage
    warnings: tuple[InputWarning, ...]
    not_given: tuple[NotGiven, ...]
    breakdown: Breakdown | UnsetType = UNSET
    position: Placed = UNSET
    comparables: Comparables | UnsetType = UNSET
    index_moved: IndexMoved = UNSET


class ProblemAnswer(Struct):
    """RFC 9457. A row of a batch has no instance; a car that is not valued has the next best thing."""

    type: UriReference
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | UnsetType = UNSET
    next_best: Annotated[str, Meta(description="Of a car that is not valued.")] | UnsetType = UNSET
    instance: Annotated[UriReference, Meta(description="Names the request, as its log line.")] | UnsetType = UNSET


class BatchAnswer(Struct):
    """Each row's valuation or its problem, in the order of the rows; warnings are about the model."""

    currency: str
    model_version: str
    as_of: AsOf
    warnings: tuple[InputWarning, ...]
    results: Annotated[
        list[Any],  # a union that msgspec cannot describe, because it could not tell one from the other in JSON
        Meta(extra_json_schema={"items": {"anyOf": [{"$ref": "Valuation"}, {"$ref": "ProblemAnswer"}]}}),
    ]
    index_moved: IndexMoved = UNSET


class CurveAnswer(Struct):
    """What a car would be worth; warnings are about the model."""

    currency: str
    model_version: str
    as_of: AsOf
    warnings: tuple[InputWarning, ...]
    curve: Curve


class FeedbackAnswer(Struct):
    """What was kept; it is on disk."""

    id: Annotated[str, Meta(description="What erases it; the same for what is sent again.")]
    new: Annotated[bool, Meta(description="Whether it was not there yet.")]
    kind: FeedbackKind
    day: Annotated[str, Meta(extra_json_schema={"format": "date"})]
    currency: str
    price: float
    answer: Annotated[
        Answer | None,
        Meta(description="What the model said of the car; null for a request that is not in the sample."),
    ]
    ratio: Annotated[float | None, Meta(description="Of what the model said to the price that was reached.")]


class AliveAnswer(Struct):
    """The process is up."""

    status: Literal["alive"]


class LoadedFiles(Struct):
    """The parts of the bundle."""

    encoders: Literal["loaded"]
    scaler: Literal["loaded"]
    model: Literal["loaded"]


class StatusAnswer(Struct):
    """Cars can be priced."""

    status: Literal["ready"]
    model_version: str
    release: str
    market: str
    source: Annotated[str, Meta(extra_json_schema={"enum": [ARTIFACTS, FALLBACK]})]
    waiting_for: Annotated[str | None, Meta(description="Why the fallback serves and not the champion.")]
    demo: bool
    artifacts: LoadedFiles
    uptime_seconds: float


class FieldAnswer(Struct):
    """One field of a listing."""

    name: str
    label: str
    kind: KindName  # type: ignore[valid-type]
    unit: str | None
    required: bool
    importance: Annotated[float | None, Meta(description="Share of the trees' gain.")]
    values: Annotated[list[str], Meta(description="Of a category: what training saw.")] | UnsetType = UNSET
    min: Annotated[Limit, Meta(description="Below it a listing is refused.")] | UnsetType = UNSET
    max: Annotated[Limit, Meta(description="Above it a listing is refused.")] | UnsetType = UNSET
    typical: Annotated[Limit, Meta(description="The median of the training listings.")] | UnsetType = UNSET
    training_range: (
        Annotated[
            list[Limit],
            Meta(min_length=2, max_length=2, description="Outside it a price comes with a warning."),
        ]
        | UnsetType
    ) = UNSET


class FeaturesAnswer(Struct):
    """The fields of a listing, as the loaded model knows them."""

    model_version: str
    market: str
    fields: list[FieldAnswer]


class ErrorFigures(Struct):
    """On the test listings, in money or, `mape` and `median_ape`, as shares; null where not known."""

    rows: float | None
    mae: float | None
    median_ae: float | None
    rmse: float | None
    r2: float | None
    mape: float | None
    median_ape: float | None


class SliceFigures(Struct):
    """Overall, and by make, age and price where there are enough listings."""

    overall: ErrorFigures
    make: dict[str, ErrorFigures] | UnsetType = UNSET
    age: dict[str, ErrorFigures] | UnsetType = UNSET
    price_band: dict[str, ErrorFigures] | UnsetType = UNSET


class MarketSummary(Struct):
    """Where the listings are from."""

    name: str
    title: str
    currency: str
    distance_unit: str


class BundleFile(Struct):
    """A file of the bundle."""

    bytes: int
    sha256: str


class MlflowRun(Struct):
    """The training in MLflow."""

    run_id: str
    url: Uri
    experiment_id: str | UnsetType = UNSET
    model_version: str | UnsetType = UNSET


class ModelAnswer(Struct):
    """The manifest's public part; docs/bundle.md has every figure."""

    format: int
    version: str
    created: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | None
    demo: bool | None
    data: dict[str, Any] | None
    metrics: SliceFigures | None
    baselines: dict[str, ErrorFigures] | None
    coverage: Figures | None
    importance: Figures | None
    params: dict[str, Any] | None
    libraries: dict[str, str] | None
    files: dict[str, BundleFile]
    market: MarketSummary
    mlflow: MlflowRun | None


PUBLISHED: dict[str, type] = {
    "Valuation": PriceAnswer,
    "Breakdown": Breakdown,
    "Position": Position,
    "Comparables": Comparables,
    "Comparable": Comparable,
    "Warning": InputWarning,
    "RowValuation": Valuation,
    "BatchAnswer": BatchAnswer,
    "CurveAnswer": CurveAnswer,
    "Curve": Curve,
    "CurvePoint": CurvePoint,
    "FeedbackAnswer": FeedbackAnswer,
    "FeedbackModelAnswer": Answer,
    "Problem": ProblemAnswer,
    "Alive": AliveAnswer,
    "Status": StatusAnswer,
    "Features": FeaturesAnswer,
    "Field": FieldAnswer,
    "Model": ModelAnswer,
    "Errors": ErrorFigures,
}
"""By their names in the OpenAPI document, which must not change: a rollout's contract gate compares them."""
